import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage, dockerArchive, type LayerSpec, writeOciLayout } from '../support/image-builder.ts';
import { file, type LayerEntry, layerTar, whiteout } from '../support/layer-builder.ts';
import { noise } from '../support/noise.ts';
import { dpkgStatus, OS_RELEASE, type SamplePackage } from '../support/package-databases.ts';
import type { ImageForms } from './options.ts';

const PACKAGES = 600;

/**
 * An image like those that people run, from the same bytes every time: a base, server software, an application of many
 * small files, deletions. As OCI layout with gzip layers, and as docker-archive with plain ones.
 */
export async function writeSampleImage(directory: string, megabytes: number): Promise<ImageForms> {
  const bytes = megabytes * 1e6;
  const content = new Content();
  const base = files(content, 'usr/share', 0.15 * bytes, 64_000);
  const server = files(content, 'usr/lib', 0.6 * bytes, 1_000_000);
  const application = files(content, 'srv/app/node_modules', 0.25 * bytes, 16_000);
  const deleted = base.filter((_, i) => i % 20 === 0);
  const layers = [
    [file('etc/os-release', OS_RELEASE.debian), database(PACKAGES / 3), ...base],
    [database(PACKAGES), ...server],
    application,
    deleted.map(({ path }) => whiteout(path)),
  ];
  const tars: LayerSpec[] = [];
  for (const entries of layers) tars.push({ tar: await layerTar(entries) });
  const forms = { ociDirectory: join(directory, 'oci'), dockerArchive: join(directory, 'image.tar') };
  const gzip = await buildImage({ layers: tars.map((layer) => ({ ...layer, compression: 'gzip' })) });
  writeOciLayout(forms.ociDirectory, [gzip]);
  const plain = await buildImage({ layers: tars.map((layer) => ({ ...layer, compression: 'none' })) });
  writeFileSync(forms.dockerArchive, await dockerArchive([plain]));
  return forms;
}

function database(packages: number): LayerEntry {
  const installed = Array.from({ length: packages }, (_, i): SamplePackage => {
    return { name: `package-${i}`, version: `${i % 3 === 0 ? '1:' : ''}1.${i}.0-${i % 7}`, source: `source-${i >> 2}` };
  });
  return file('var/lib/dpkg/status', dpkgStatus(installed));
}

/** Files of `bytes` together, most of them small, with a mean of about `typical` bytes. */
function files(content: Content, folder: string, bytes: number, typical: number): LayerEntry[] {
  const entries: LayerEntry[] = [];
  for (let left = bytes, i = 0; left > 0; i++) {
    // Exponential: many small files, a few large ones.
    const size = Math.min(left, 1 + Math.floor(-Math.log(1 - content.random()) * typical));
    entries.push(file(`${folder}/${nestedName(i)}`, content.take(size)));
    left -= size;
  }
  return entries;
}

function nestedName(i: number): string {
  return `component-${i >> 8}/module-${(i >> 4) & 15}/part-${i.toString(36)}.js`;
}

/** Bytes that gzip makes about two times smaller, as it does those of many real images. */
class Content {
  readonly #pool: Buffer;
  #state = 1;

  constructor() {
    const random = noise('bench', 4_096);
    const words = Array.from({ length: 2_048 }, (_, i) => random.toString('latin1', i * 8, i * 8 + 3 + (i % 9)));
    const picked: string[] = [];
    for (let length = 0; length < 8 << 20; ) {
      const word = words[Math.floor(this.random() ** 2 * words.length)]!;
      picked.push(word);
      length += word.length;
    }
    this.#pool = Buffer.from(picked.join(''), 'latin1');
  }

  /** 0 ≤ n < 1; a linear congruential generator (Numerical Recipes, 2nd edition, §7.1). */
  random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }

  /** From anywhere in a pool far larger than the window of gzip, so that files do not repeat each other. */
  take(size: number): Buffer {
    const pieces: Buffer[] = [];
    for (let left = size; left > 0; ) {
      const at = Math.floor(this.random() * this.#pool.length);
      const piece = this.#pool.subarray(at, at + left);
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }
}
