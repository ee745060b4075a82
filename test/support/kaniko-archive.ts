import { type BuiltImage, json } from './image-builder.ts';
import { file, layerTar } from './layer-builder.ts';

/**
 * What Kaniko's --tar-path and other users of go-containerregistry write: a docker archive whose layers stay compressed
 * and are named by digest, its config named by digest with the colon.
 */
export function kanikoArchive(image: BuiltImage): Promise<Buffer> {
  const layers = image.layers.map(({ digest, blob }) => file(`${digest.slice('sha256:'.length)}.tar.gz`, blob));
  const manifest = {
    Config: image.configDigest,
    RepoTags: image.spec.name === undefined ? null : [image.spec.name],
    Layers: layers.map(({ path }) => path),
  };
  return layerTar([file(image.configDigest, image.config), ...layers, file('manifest.json', json([manifest]))]);
}
