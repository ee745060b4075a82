import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { java } from '../../services/domain/packages/java/index.ts';
import { crc32, ZipArchive } from '../../services/domain/packages/zip-archive.ts';
import { extractUnit, readContext } from '../support/read-context.ts';

/** Where Debian has its Java libraries, and the same by their Maven names: GROUP/ARTIFACT/VERSION/ARTIFACT-VERSION.jar. */
const LIBRARIES = '/usr/share/java';
const REPOSITORY = '/usr/share/maven-repo';
const HAS_UNZIP = spawnSync('unzip', ['-v']).status === 0;
const { inflate } = readContext();

function below(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return files.filter((path) => path.endsWith('.jar') && existsSync(path) && statSync(path).isFile());
}

const libraries = [...new Set(below(LIBRARIES).map((path) => realpathSync(path)))].sort();

describe.skipIf(!HAS_UNZIP || libraries.length === 0)(
  'Java libraries of this system as unzip reads them (skipped where there are none, or no unzip)',
  () => {
    test('names and contents', () => {
      for (const path of libraries) {
        const archive = ZipArchive.open(readFileSync(path)) as ZipArchive;
        const flaws: string[] = [];
        const entries = [...archive.entries((flaw) => flaws.push(flaw))];
        expect(flaws, path).toEqual([]);
        const names = execFileSync('unzip', ['-Z1', path], { encoding: 'utf8', maxBuffer: 2 ** 26 });
        expect(entries.map(({ name }) => name).join('\n')).toBe(names.trimEnd());
        for (const entry of entries) {
          const content = archive.read(entry, inflate) as Uint8Array;
          expect(crc32(content), `${path} ${entry.name}`).toBe(entry.crc32);
        }
      }
    });
  },
);

const artifacts = below(REPOSITORY).filter((path) => !/\/(?:debian|[0-9]+\.x)\/[^/]*$/.test(path));

test.skipIf(artifacts.length === 0)('libraries by their Maven names (skipped where Debian has none here)', () => {
  const unlike: string[] = [];
  for (const path of artifacts) {
    const [version, artifact, ...group] = path
      .slice(REPOSITORY.length + 1)
      .split('/')
      .toReversed()
      .slice(1);
    const name = `${group.toReversed().join('.')}:${artifact}`;
    const unit = extractUnit(java, path.slice(1), readFileSync(path))!;
    if (!unit.packages.some((found) => found.name === name && found.version === version)) unlike.push(path);
  }
  expect(unlike).toEqual([]);
});
