import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { python } from '../../services/domain/packages/python/index.ts';
import { readContext } from '../support/read-context.ts';
import { readTar } from '../support/read-tar.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';

const IMAGE = join(SHARED_DATA, 'fixtures/images/debian12-local');
const context = readContext();

/** The wanted files of all layers; the image deletes none of them. */
function wantedFiles(): { path: string; bytes: Uint8Array }[] {
  const outer = readTar(gunzipSync(readFileSync(join(IMAGE, 'debian12-three-layers.tar.gz')))).entries;
  const contentOf = (name: string) => outer.find(({ path }) => path === name)!.content!;
  const [{ Layers }] = JSON.parse(new TextDecoder().decode(contentOf('manifest.json')));
  return (Layers as string[]).flatMap((layer) => {
    const wants = (entry: Parameters<typeof python.wants>[0]) => {
      return entry.type === 'file' && python.wants(entry, () => new Uint8Array()) === 'whole';
    };
    const { entries } = readTar(contentOf(layer), { wants });
    return entries.flatMap(({ path, content }) => (content === null ? [] : [{ path, bytes: content }]));
  });
}

describe.skipIf(!HAS_SHARED_DATA)('Python packages of ../shared/data (skipped where it is absent)', () => {
  test('debian12-local: each is the version of the Debian package that owns it', () => {
    const { units } = python.readDatabase(wantedFiles(), context);
    expect(units.flatMap(({ gaps }) => gaps)).toEqual([]);
    const rows = units.flatMap(({ packages }) =>
      packages.map(({ name, version, licenses }) => [name, version, licenses.join()]),
    );
    expect(rows.sort()).toEqual([
      ['certifi', '2022.9.24', 'MPL-2.0,Mozilla Public License 2.0 (MPL 2.0)'],
      ['chardet', '5.1.0', 'LGPL,GNU Lesser General Public License v2 or later (LGPLv2+)'],
      ['charset-normalizer', '3.0.1', 'MIT,MIT License'],
      ['idna', '3.3', 'BSD-3-Clause,BSD License'],
      ['requests', '2.28.1', 'Apache 2.0,Apache Software License'],
      ['six', '1.16.0', 'MIT,MIT License'],
      ['urllib3', '1.26.12', 'MIT,MIT License'],
    ]);
    const owners = readFileSync(join(IMAGE, 'expected-dpkg.tsv'), 'utf8')
      .split('\n')
      .map((line) => line.split('\t'));
    for (const [name, version] of rows) {
      const owner = owners.find(([binary]) => binary === `python3-${name}`);
      expect(owner?.[1]?.replace(/^\d+:|[-+].*$/g, '')).toBe(version);
    }
  });
});
