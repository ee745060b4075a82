import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { PackageRecord } from '../../services/domain/packages/ecosystem.ts';
import { rpm } from '../../services/domain/packages/rpm/index.ts';
import { readContext } from '../support/read-context.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';

const without = HAS_SHARED_DATA ? '' : ' (skipped: ../shared/data is not beside this checkout)';

const FIXTURES = join(SHARED_DATA, 'fixtures/rpm');
const fixtures = HAS_SHARED_DATA
  ? readdirSync(FIXTURES).flatMap((format) => readdirSync(join(FIXTURES, format)).map((name) => join(format, name)))
  : [];

describe.skipIf(!HAS_SHARED_DATA)(`real rpm databases equal rpm -qa${without}`, () => {
  it.each(fixtures)('%s', (fixture) => {
    const folder = join(FIXTURES, fixture);
    const file = readdirSync(folder).find((name) => /^(Packages|rpmdb)/.test(name))!;
    const stored = readFileSync(join(folder, file));
    const bytes = file.endsWith('.gz') ? gunzipSync(stored) : stored;
    const path = `var/lib/rpm/${file.replace(/\.gz$/, '')}`;

    const { units } = rpm.readDatabase([{ path, bytes }], readContext());
    expect(units).toHaveLength(1);
    expect(units[0]!.gaps).toEqual([]);
    expect(units[0]!.isDatabase).toBe(true);
    expect(units[0]!.packages.map(row).sort()).toEqual(expectedRows(join(folder, 'expected.tsv')));
    for (const { paths, digests } of units[0]!.fileLists) {
      expect(paths.some((name) => name === '' || name.startsWith('/'))).toBe(false);
      if (digests !== undefined) expect(digests).toHaveLength(paths.length);
    }
  });
});

/** name, epoch, version, release, arch, sourcerpm, modularitylabel, vendor: as the first line of each list names them. */
function row(record: PackageRecord): string {
  const { epoch, source } = record;
  const [version, release] = record.version.slice(epoch === null ? 0 : `${epoch}:`.length).split('-');
  const sourceRpm = source === null ? '' : `${source.name}-${source.version}.src.rpm`;
  const columns = [record.name, epoch ?? '', version, release, record.arch ?? '', sourceRpm];
  return [...columns, record.modularity ?? '', record.vendor ?? ''].join('\t');
}

function expectedRows(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(1);
  return lines.filter((line) => line !== '' && !line.startsWith('gpg-pubkey\t')).sort();
}

describe.skipIf(!HAS_SHARED_DATA)(`version vectors of rpm${without}`, () => {
  it.each(['rpm-vercmp.tsv', 'rpm-evr.tsv'])('%s', (file) => {
    const text = HAS_SHARED_DATA ? readFileSync(join(SHARED_DATA, 'versions', file), 'utf8') : '';
    const rows = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
    expect(rows.length).toBeGreaterThan(70);
    const signs = { '-1': '<', '0': '=', '1': '>', incomparable: '?' };
    const ours = rows.map(([a, , b]) => [a, signs[rpm.compare(a!, b!)], b]);
    expect(ours).toEqual(rows);
  });
});
