import { createHash, randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { SharedSecret } from '../../pipeline/admission-ports.ts';

/** A secret in a file of ours alone, for where there is no Kubernetes to keep it. */
export class SharedFile implements SharedSecret {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Raises SECRET_UNREADABLE, also where others may read the file. */
  async read(): Promise<{ text: string; version: string } | null> {
    const stats = statSync(this.#file, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    if ((stats.mode & 0o077) !== 0) throw this.#unreadable('others may read it; take their rights away (chmod 600)');
    try {
      const text = readFileSync(this.#file, 'utf8');
      return { text, version: versionOf(text) };
    } catch (cause) {
      throw this.#unreadable(messageOf(cause), cause);
    }
  }

  async replace(text: string, version: string | null): Promise<boolean> {
    const temporary = `${this.#file}.${randomUUID()}`;
    try {
      writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
      const found = await this.read();
      if ((found?.version ?? null) !== version) return false;
      // A link is made only where there is nothing: of two that find nothing one is first.
      if (version === null) linkSync(temporary, this.#file);
      else renameSync(temporary, this.#file);
      return true;
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
      if (cause instanceof PlimsollError) throw cause;
      throw this.#unreadable(messageOf(cause), cause);
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  #unreadable(why: string, cause?: unknown): PlimsollError {
    return new PlimsollError('SECRET_UNREADABLE', `The file ${this.#file} cannot be used: ${why}`, { cause });
  }
}

function versionOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
