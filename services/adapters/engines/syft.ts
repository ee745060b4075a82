import { resolve } from 'node:path';
import { asArray, asObject, type JsonObject } from '../../domain/image/json.ts';
import type { EngineOptions, EngineTarget } from '../../pipeline/engine-ports.ts';
import { objectsOf, readAnswer, reportPath, text } from './answer-json.ts';
import { archiveLayout } from './archive-layout.ts';
import type { Engine } from './engine.ts';
import { EngineFailure } from './engine-failure.ts';
import { plainArchive, singleImageLayout } from './image-input.ts';
import type { PrivateDirectory } from './private-directory.ts';

/** Syft, asked for its own JSON: other formats do not say which image was read. */
export const SYFT: Engine = {
  name: 'syft',
  versionArgs: ['--version'],
  versionOf: (output) => /^syft (\S+)/m.exec(output)?.[1] ?? null,
  environment: {
    SYFT_CHECK_FOR_APP_UPDATE: 'false',
    SYFT_FILE_METADATA_SELECTION: 'none',
    SYFT_GOLANG_SEARCH_REMOTE_LICENSES: 'false',
    SYFT_JAVA_USE_NETWORK: 'false',
    SYFT_JAVASCRIPT_SEARCH_REMOTE_LICENSES: 'false',
    SYFT_PYTHON_SEARCH_REMOTE_LICENSES: 'false',
  },
  async prepare(target, directory, options) {
    return ['scan', '--output', 'syft-json', ...(await source(target, directory, options))];
  },
  read: (output, limits) =>
    readAnswer(output, (document) => {
      const packages = objectsOf(document.artifacts, 'artifacts', limits).map(packageOf);
      if (!Array.isArray(document.artifacts)) throw new EngineFailure('its answer has no artifacts');
      const { metadata } = asObject(document.source, 'source');
      const image = typeof metadata === 'object' && metadata !== null ? (metadata as JsonObject).imageID : null;
      return { packages, configDigest: text(image) };
    }),
};

async function source(target: EngineTarget, directory: PrivateDirectory, options: EngineOptions): Promise<string[]> {
  switch (target.kind) {
    case 'docker-archive':
      return [`docker-archive:${await plainArchive(target, directory, options)}`];
    case 'oci-archive':
      return [`oci-dir:${await archiveLayout(target, directory, options)}`];
    case 'oci-dir':
      return [`oci-dir:${await singleImageLayout(target, directory)}`];
    case 'rootfs':
      // In a directory it would read what projects want, not what is installed.
      return ['--override-default-catalogers', 'image', `dir:${resolve(target.path)}`];
    case 'dir':
      return [`dir:${resolve(target.path)}`];
    default:
      throw new EngineFailure(`it reads no ${target.kind}:`);
  }
}

function packageOf(artifact: JsonObject): { purl: string; paths: string[]; diffId: string | null } {
  const locations = asArray(artifact.locations, 'locations').map((each) => asObject(each, 'a location'));
  // Beside the file that names the package it lists those that only support it.
  const primary = locations.filter(({ annotations }) => (annotations as JsonObject | null)?.evidence === 'primary');
  const named = primary.length > 0 ? primary : locations;
  const paths = named.flatMap(({ path }) => {
    const file = text(path);
    return file === null ? [] : [reportPath(file)];
  });
  return {
    purl: text(artifact.purl) ?? genericPurl(artifact),
    paths: [...new Set(paths)].sort(),
    diffId: text(named[0]?.layerID),
  };
}

/** What it recognised by its bytes alone has no package URL. */
function genericPurl({ name, version }: JsonObject): string {
  const at = text(version) === null ? '' : `@${encodeURIComponent(text(version)!)}`;
  return `pkg:generic/${encodeURIComponent(text(name) ?? 'unknown')}${at}`;
}
