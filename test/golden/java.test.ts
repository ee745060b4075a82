import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { java } from '../../services/domain/packages/java/index.ts';
import { extractUnit } from '../support/read-context.ts';
import { type ReadEntry, readTar } from '../support/read-tar.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';

const IMAGES = join(SHARED_DATA, 'fixtures/images');

/** A tar that may be compressed. */
function entriesOf(tar: Uint8Array): readonly ReadEntry[] {
  return readTar(tar[0] === 0x1f ? gunzipSync(tar) : tar).entries;
}

/** Every Java archive in the layers of an image of docker save: its artifacts, and where in it they lie; its flaws. */
function archivesOf(image: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  const { layers } = imageOf(join(IMAGES, image));
  for (const { path, type, mode, size, content } of layers.flatMap(entriesOf)) {
    if (java.wants({ path, type, mode, size }, () => content!) === 'no') continue;
    const { packages, fileLists, gaps } = extractUnit(java, path, content!)!;
    const places = new Map(
      fileLists.map((list) => [list.package, list.paths.map((place) => place.slice(path.length))]),
    );
    found[path] = [
      ...packages.map(({ name, version }) =>
        [`${name}@${version}`, ...(places.get(`${name}@${version}`) ?? [])].join(' '),
      ),
      ...gaps.map(({ message }) => message),
    ];
  }
  return found;
}

function imageOf(archive: string): { layers: readonly Uint8Array[] } {
  const files = new Map(entriesOf(readFileSync(archive)).map(({ path, content }) => [path, content!]));
  const [{ Layers }] = JSON.parse(Buffer.from(files.get('manifest.json')!).toString()) as [{ Layers: string[] }];
  return { layers: Layers.map((layer) => files.get(layer)!) };
}

describe.skipIf(!HAS_SHARED_DATA)('Java archives of ../shared/data (skipped where it is absent)', () => {
  // The artifacts of project-snapshot.snap; its authors have only a digest for activation, which has no pom.properties.
  test('an image with jars', () => {
    expect(archivesOf('snyk-docker-plugin_java/java.tar')).toEqual({
      'app/activation-1.1.1.jar': ['activation:activation@1.1.1'],
      'libs/aopalliance-repackaged-2.5.0.jar': ['org.glassfish.hk2.external:aopalliance-repackaged@2.5.0'],
      'libs/audience-annotations-0.5.0.jar': ['org.apache.yetus:audience-annotations@0.5.0'],
      'usr/gradle/caches/activation-1.1.1.jar': ['activation:activation@1.1.1'],
      'usr/gradle/caches/some-jar.jar': ['it is empty'],
    });
  });

  test('an image with an archive of archives', () => {
    expect(archivesOf('snyk-docker-plugin_java-uberjar/java-uberjar.tar')).toEqual({
      'j2objc-annotations-1.3.jar': ['com.google.j2objc:j2objc-annotations@1.3'],
      'uberjar.jar': ['org.slf4j:jul-to-slf4j@1.7.30', 'com.google.guava:guava@30.1-jre !/lib/guava-30.1-jre.jar'],
    });
  });
});
