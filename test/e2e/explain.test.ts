import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { samplePackage, sampleReport } from '../support/sample-report.ts';
import { runCommand, scratch } from '../support/scan.ts';

/* `plimsoll explain`, from the command line to its text, with a database that the command itself built. */

const place = scratch('explain');
const database = join(place, 'db');
const sbom = join(place, 'report.json');

const RECORD = {
  id: 'DEBIAN-CVE-2026-0001',
  modified: '2026-01-01T00:00:00Z',
  upstream: ['CVE-2026-0001'],
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'curl' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '8-1' }] }],
    },
  ],
};

beforeAll(async () => {
  const record = join(place, `${RECORD.id}.json`);
  writeFileSync(record, JSON.stringify(RECORD));
  const { code, stderr } = await runCommand(['db', 'build', '--quiet', '--from', record, '--output', database]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const packages = [samplePackage({ name: 'curl', version: '7-1' }), samplePackage({ name: 'bash', version: '5-1' })];
  const { completeness } = sampleReport();
  const complete = { ...completeness, status: 'complete' as const, layersRead: 4, gaps: [] };
  writeFileSync(sbom, serializeReport({ ...sampleReport(), packages, completeness: complete }));
});

const explain = (...args: string[]) => runCommand(['explain', '--quiet', '--db', database, `sbom:${sbom}`, ...args]);

describe('plimsoll explain', () => {
  test('says why it matches, by any spelling of a name', async () => {
    const { code, stdout } = await explain('cve-2026-0001');
    expect(code).toBe(0);
    expect(stdout).toBe(`\
CVE-2026-0001 in sbom:${sbom}
2 packages asked; feeds: Debian:12

pkg:deb/debian/curl@7-1?arch=amd64
  affected; fixed in 8-1; severity unknown: nobody rates it
  - DEBIAN-CVE-2026-0001 (osv), Debian:12 source curl: holds 7-1; the source says fixed; it decided
      7-1 < 8-1 (fixed, order of dpkg)
`);
    expect((await explain('DEBIAN-CVE-2026-0001')).stdout).toContain('affected; fixed in 8-1');
  });

  test('says of a package that no record names it', async () => {
    const { stdout } = await explain('CVE-2026-0001', '--package', 'bash');
    expect(stdout).toContain('no row: no record of Debian:12 names it beside this package');
    expect(stdout).not.toContain('curl');
  });

  test('as JSON', async () => {
    const { code, stdout } = await explain('CVE-2026-0001', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ id: 'CVE-2026-0001', packages: [{ state: 'affected' }] });
  });

  test('needs a database', async () => {
    const { code, stderr } = await runCommand(['explain', '--quiet', '--db', 'none', `sbom:${sbom}`, 'CVE-2026-0001']);
    expect(code).toBe(1);
    expect(stderr).toContain('DATABASE_NOT_FOUND');
  });
});
