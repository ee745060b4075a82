import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { LocalEngine } from '../../domain/image/target.ts';
import type { FetchOptions, LocalImage, LocalImageLister } from '../../pipeline/image-ports.ts';
import { IMAGE_STORES, type ImageStore } from './image-stores.ts';

/** Of standard error, so much stands in a message: the end, where the reason is. */
const STDERR_CHARACTERS = 300;
const ABSENT = /no such image|image not known|not found|does not exist/i;

/** An image as a file, which is to be removed. */
export interface ExportedImage {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Images of the container engines of this host, through their own commands, which know where their sockets and stores are.
 * Only this user can read what is exported.
 */
export class LocalImages implements LocalImageLister {
  readonly #environment: Readonly<Record<string, string | undefined>>;

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment;
  }

  /** TARGET_NOT_FOUND, TARGET_UNREADABLE (no such engine, or it fails), LIMIT_EXCEEDED (`imageBytes`), CANCELLED. */
  async export(engine: LocalEngine, name: string, options: FetchOptions): Promise<ExportedImage> {
    const store = IMAGE_STORES[engine](this.#environment);
    const directory = await mkdtemp(join(tmpdir(), 'plimsoll-'));
    const path = join(directory, 'image.tar');
    const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
    try {
      const file = createWriteStream(path, { mode: 0o600, flags: 'wx' });
      await this.#run(store, store.save(name), file, options.limits.imageBytes, 'imageBytes', options.signal);
      return { path, remove };
    } catch (error) {
      await remove();
      if (error instanceof PlimsollError && error.details.absent === true) {
        throw new PlimsollError('TARGET_NOT_FOUND', `${engine} has no image ${name}: ${error.message}`, {
          cause: error,
        });
      }
      throw error;
    }
  }

  async list(engine: LocalEngine, { limits, signal }: FetchOptions): Promise<readonly LocalImage[]> {
    const store = IMAGE_STORES[engine](this.#environment);
    const chunks: Buffer[] = [];
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        chunks.push(chunk);
        done();
      },
    });
    await this.#run(store, store.list, sink, limits.localImagesBytes, 'localImagesBytes', signal);
    let images: readonly LocalImage[];
    try {
      images = store.parseList(Buffer.concat(chunks).toString('utf8'));
    } catch (cause) {
      throw new PlimsollError('TARGET_UNREADABLE', `what ${store.program} lists cannot be read: ${messageOf(cause)}`, {
        cause,
      });
    }
    // Every image once, by the first of its names: one content, one scan.
    const sorted = images.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return sorted.filter(({ id }, i) => sorted.findIndex((other) => other.id === id) === i);
  }

  async #run(
    { program }: ImageStore,
    args: readonly string[],
    sink: Writable,
    maxBytes: number,
    limit: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { execa } = await import('execa');
    const child = execa(program, args, {
      // Our own secrets are none of its business.
      env: Object.fromEntries(Object.entries(this.#environment).filter(([key]) => !key.startsWith('PLIMSOLL_'))),
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      buffer: false,
      cancelSignal: signal as never,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      said = (said + piece).slice(-STDERR_CHARACTERS);
    });
    let broken: unknown = null;
    const copied = pipeline(child.stdout as Readable, bounded(maxBytes, limit, program), sink).catch(
      (cause: unknown) => {
        broken = cause;
        child.kill('SIGKILL');
      },
    );
    const { failed, exitCode, code, signal: killedBy } = await child;
    await copied;
    if (signal.aborted)
      throw signal.reason instanceof PlimsollError
        ? signal.reason
        : new PlimsollError('CANCELLED', 'the export was stopped');
    if (code === 'ENOENT') throw new PlimsollError('TARGET_UNREADABLE', `${program} is not in PATH`);
    if (broken instanceof PlimsollError) throw broken;
    if (!failed && broken === null) return;
    const reason = said.trim() || (broken === null ? 'it says nothing' : messageOf(broken));
    const how = exitCode === undefined ? `by ${killedBy ?? 'itself'}` : `with code ${exitCode}`;
    throw new PlimsollError('TARGET_UNREADABLE', `${program} ended ${how}: ${reason}`, {
      details: { absent: ABSENT.test(said) },
    });
  }
}

function bounded(maxBytes: number, limit: string, program: string): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= maxBytes) return done(null, chunk);
      done(
        new PlimsollError('LIMIT_EXCEEDED', `${program} writes more than ${maxBytes} bytes (${limit})`, {
          details: { limit },
        }),
      );
    },
  });
}
