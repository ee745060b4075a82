import { readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf } from '../../domain/errors.ts';
import { parseJsonObject, stringOr } from '../../domain/image/json.ts';
import type { EngineTarget } from '../../pipeline/ports.ts';
import { EngineFailure } from './engine-failure.ts';
import type { PrivateDirectory } from './private-directory.ts';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/**
 * An OCI layout with one image: the one that we chose by tag, digest and platform. Its blobs are those of the layout
 * itself. So no engine can choose another, and none has to take apart a path with `@` or `:` in it. Raises EngineFailure.
 */
export async function singleImageLayout(
  { path, manifestDigest }: EngineTarget,
  { input }: PrivateDirectory,
): Promise<string> {
  if (manifestDigest === null) throw new EngineFailure('the layout names no manifest');
  const blobs = join(resolve(path), 'blobs');
  const manifest = join(blobs, manifestDigest.replace(':', '/'));
  try {
    const { mediaType } = parseJsonObject(await readFile(manifest), manifest);
    const descriptor = {
      mediaType: stringOr(mediaType, OCI_MANIFEST),
      digest: manifestDigest,
      size: (await stat(manifest)).size,
    };
    await symlink(blobs, join(input, 'blobs'));
    await writeFile(join(input, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(input, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  } catch (cause) {
    throw new EngineFailure(`the image could not be laid out for it: ${messageOf(cause)}`, { cause });
  }
  return input;
}
