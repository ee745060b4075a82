import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { asArray, asObject, type JsonObject } from '../../domain/image/json.ts';
import { objectsOf, readAnswer, reportPath, text } from './answer-json.ts';
import { archiveLayout } from './archive-layout.ts';
import type { Engine } from './engine.ts';
import { EngineFailure } from './engine-failure.ts';
import { plainArchive, singleImageLayout } from './image-input.ts';
import type { PrivateDirectory } from './private-directory.ts';

const PROPERTY = 'aquasecurity:trivy:';

/**
 * Trivy, asked for CycloneDX: of its formats the one that in every version means all packages and nothing but packages.
 * Settings go by environment, where a version that does not know one ignores it; an unknown option ends it.
 */
export const TRIVY: Engine = {
  name: 'trivy',
  versionArgs: ['--version'],
  versionOf: (output) => /^Version: (\S+)/m.exec(output)?.[1] ?? null,
  environment: {
    TRIVY_OFFLINE_SCAN: 'true',
    TRIVY_SKIP_DB_UPDATE: 'true',
    TRIVY_SKIP_JAVA_DB_UPDATE: 'true',
    TRIVY_SKIP_VERSION_CHECK: 'true',
    TRIVY_SKIP_VEX_REPO_UPDATE: 'true',
    TRIVY_DISABLE_TELEMETRY: 'true',
    TRIVY_NO_PROGRESS: 'true',
    // Its own limit is five minutes; ours is engineMs.
    TRIVY_TIMEOUT: '24h',
  },
  async prepare(target, directory, options) {
    await emptyJavaIndex(directory);
    const format = ['--format', 'cyclonedx', '--cache-dir', directory.cache];
    switch (target.kind) {
      case 'docker-archive':
        return ['image', ...format, '--input', await plainArchive(target, directory, options)];
      case 'oci-dir':
        return ['image', ...format, '--input', await singleImageLayout(target, directory)];
      case 'rootfs':
        return ['rootfs', ...format, '--', resolve(target.path)];
      case 'dir':
        return ['fs', ...format, '--', resolve(target.path)];
      case 'oci-archive':
        return ['image', ...format, '--input', await archiveLayout(target, directory, options)];
      default:
        throw new EngineFailure(`it reads no ${target.kind}:`);
    }
  },
  read: (output, limits) =>
    readAnswer(output, (document) => {
      if (document.bomFormat !== 'CycloneDX') throw new EngineFailure('its answer is no CycloneDX');
      const components = objectsOf(document.components, 'components', limits);
      const files = filesOfPrograms(components, objectsOf(document.dependencies, 'dependencies', limits));
      const packages = components.flatMap((component) => {
        const purl = text(component.purl);
        if (purl === null) return [];
        const properties = propertiesOf(component);
        const file = properties.get('FilePath') ?? files.get(text(component['bom-ref']) ?? '');
        const paths = file === undefined ? [] : [reportPath(file)];
        return [{ purl, paths, diffId: properties.get('LayerDiffID') ?? null }];
      });
      const metadata = asObject(document.metadata, 'metadata');
      const image = propertiesOf(asObject(metadata.component, 'metadata.component')).get('ImageID');
      return { packages, configDigest: image ?? null };
    }),
};

function propertiesOf({ properties }: JsonObject): Map<string, string> {
  const found = new Map<string, string>();
  for (const property of asArray(properties, 'properties')) {
    const { name, value } = asObject(property, 'a property');
    if (typeof name === 'string' && typeof value === 'string' && name.startsWith(PROPERTY)) {
      found.set(name.slice(PROPERTY.length), value);
    }
  }
  return found;
}

/** By bom-ref: the program or lockfile that a package stands in. It is a component that the package is a dependency of. */
function filesOfPrograms(components: readonly JsonObject[], dependencies: readonly JsonObject[]): Map<string, string> {
  const edges = new Map(
    dependencies.map(({ ref, dependsOn }) => [text(ref), asArray(dependsOn, 'dependsOn').map(text)] as const),
  );
  const files = new Map<string, string>();
  for (const component of components) {
    const ref = text(component['bom-ref']);
    const file = text(component.name);
    if (component.type !== 'application' || text(component.purl) !== null || ref === null || file === null) continue;
    // Such a component may stand for all packages of a kind: then it has no file.
    if (!file.includes('/') && !file.includes('.')) continue;
    const waiting = [...(edges.get(ref) ?? [])];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next === null || files.has(next)) continue;
      files.set(next, file);
      waiting.push(...(edges.get(next) ?? []));
    }
  }
  return files;
}

/**
 * Trivy asks an index from the network what an archive of Java is, and refuses to begin without one. It gets one that
 * knows nothing, and so reads what is in the archive.
 */
async function emptyJavaIndex({ cache }: PrivateDirectory): Promise<void> {
  const { DatabaseSync } = await import('node:sqlite');
  const directory = join(cache, 'java-db');
  await mkdir(directory, { mode: 0o700 });
  const database = new DatabaseSync(join(directory, 'trivy-java.db'));
  database.exec('CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)');
  database.exec('CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT, license TEXT)');
  database.close();
  const far = '9999-01-01T00:00:00Z';
  const metadata = { Version: 1, NextUpdate: far, UpdatedAt: far, DownloadedAt: far };
  await writeFile(join(directory, 'metadata.json'), JSON.stringify(metadata));
}
