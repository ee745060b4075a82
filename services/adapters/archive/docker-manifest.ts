import { createHash } from 'node:crypto';
import { PlimsollError } from '../../domain/errors.ts';
import { asArray, asRecord, stringOr } from '../../domain/image/json.ts';
import { normalizePath } from '../../domain/layers/path.ts';
import type { Limits } from '../../domain/limits.ts';
import type { LooseImage } from '../../pipeline/image-ports.ts';
import type { Documents, NamedFiles } from './content.ts';

const FIELDS = ['Config', 'RepoTags', 'Layers'];

/** The manifest.json of docker save: a list of {Config, RepoTags, Layers}, each a name inside the archive. */
export async function looseImages(
  files: NamedFiles,
  documents: Documents,
  limits: Limits,
): Promise<LooseImage[] | null> {
  const bytes = await documents.read('manifest.json');
  if (bytes === null) return null;
  const what = 'manifest.json';
  const images: LooseImage[] = [];
  for (const [i, item] of parseList(bytes, what, limits).entries()) {
    const entry = asRecord(item, `${what}, [${i}]`, FIELDS);
    const configName = inArchive(entry.Config, `${what}, [${i}].Config`);
    const config = await documents.read(configName);
    if (config === null)
      throw new PlimsollError(
        'BLOB_MISSING',
        `the config ${configName} that manifest.json names is not in the archive`,
      );
    const names = asArray(entry.RepoTags, `${what}, [${i}].RepoTags`).filter((name) => typeof name === 'string');
    const layers: LooseImage['layers'][number][] = [];
    const layerNames = asArray(entry.Layers, `${what}, [${i}].Layers`);
    if (layerNames.length > limits.layers) {
      throw new PlimsollError(
        'LIMIT_EXCEEDED',
        `${what} lists ${layerNames.length} layers; ${limits.layers} is the limit`,
        { details: { limit: 'layers' } },
      );
    }
    for (const layer of layerNames) {
      const name = inArchive(layer, `${what}, [${i}].Layers`);
      layers.push({ name, location: await files.locate(name) });
    }
    images.push({ names, config, layers });
  }
  return images;
}

/** What the images of a manifest.json are called by their config's digest. */
export function configDigests(images: readonly LooseImage[]): string[] {
  return images.map(({ config }) => `sha256:${createHash('sha256').update(config).digest('hex')}`);
}

function parseList(bytes: Uint8Array, what: string, limits: Limits): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new PlimsollError('MANIFEST_INVALID', `${what} is not JSON`, { cause });
  }
  if (!Array.isArray(value)) throw new PlimsollError('MANIFEST_INVALID', `${what} is not a list`);
  if (value.length > limits.manifests) {
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `${what} lists ${value.length} images; ${limits.manifests} is the limit`,
      { details: { limit: 'manifests' } },
    );
  }
  return value;
}

function inArchive(value: unknown, what: string): string {
  const name = normalizePath(stringOr(value, '')).path;
  if (name === '') throw new PlimsollError('MANIFEST_INVALID', `${what} names no file`);
  return name;
}
