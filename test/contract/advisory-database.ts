import { describe, expect, it } from 'vitest';
import { SCHEMA_VERSION } from '../../services/adapters/advisories/manifest.ts';
import type { Advisory, DatabaseInfo, Enrichment } from '../../services/domain/vulnerabilities/advisory.ts';
import type { AdvisoryDatabase } from '../../services/pipeline/advisory-ports.ts';
import { advisory, affectedPackage } from '../support/advisory.ts';
import { plainAdvisories } from '../support/plain-advisories.ts';

export type OpenDatabase = (
  advisories: readonly Advisory[],
  enrichment: readonly (readonly [string, Enrichment])[],
  info: Pick<DatabaseInfo, 'endOfLife' | 'starter'>,
) => Promise<AdvisoryDatabase>;

const lodash = affectedPackage({ ecosystem: 'npm', name: 'lodash', versions: ['1.0.0'] });
const openssl = affectedPackage({ ecosystem: 'Debian:12', name: 'openssl', nameOf: 'source', vendorStatus: 'no-dsa' });
const openssl11 = { ...openssl, ecosystem: 'Debian:11' };
const two = advisory({ id: 'CVE-2', aliases: ['CVE-3'], summary: 'é\u2028', affected: [openssl11, openssl, lodash] });
const one = advisory({
  id: 'CVE-1',
  modified: '2024-01-02T00:00:00Z',
  affected: [lodash, { ...lodash, channel: 'pro' }],
});
const enrichment: Enrichment = {
  kev: { added: '2022-01-01', due: null, ransomware: true },
  epss: { probability: 0.5, percentile: 0.9, date: '2024-10-25' },
  severities: [],
  rejected: false,
};

/** What every advisory database keeps to. `open` gives one with exactly this in it. */
export function advisoryDatabaseContract(name: string, open: OpenDatabase): void {
  const opened = () => {
    const endOfLife = [{ ecosystem: 'Debian:12', eol: '2026-06-10', extendedEol: null, source: 'distro-info' }];
    return open([two, one], [['CVE-1', enrichment]], { endOfLife, starter: false });
  };

  describe(`advisory database: ${name}`, () => {
    it('gives each advisory with only the entries that were asked for, sorted by id', async () => {
      const database = await opened();
      expect(plainAdvisories(database.lookup('npm', 'lodash'))).toEqual([one, { ...two, affected: [lodash] }]);
      expect(plainAdvisories(database.lookup('Debian:12', 'openssl'))).toEqual([{ ...two, affected: [openssl] }]);
      expect(plainAdvisories(database.lookup('Debian:11', 'openssl'))).toEqual([{ ...two, affected: [openssl11] }]);
    });

    it('tells which advisories are withdrawn', async () => {
      const withdrawn = { ...one, withdrawn: '2024-02-03T00:00:00Z' };
      const database = await open([withdrawn, two], [], { endOfLife: [], starter: false });
      expect(database.lookup('npm', 'lodash').map((each) => each.withdrawn)).toEqual([withdrawn.withdrawn, null]);
    });

    it('has nothing for a name, a namespace or a spelling that it does not know', async () => {
      const database = await opened();
      for (const [ecosystem, name] of [
        ['npm', 'openssl'],
        ['npm', 'Lodash'],
        ['npm', 'lodas'],
        ['npm', ''],
        ['', ''],
        ['Debian', 'openssl'],
        ['npm', 'x'.repeat(100_000)],
        ['npm\0lodash', ''],
      ]) {
        expect(database.lookup(ecosystem!, name!)).toEqual([]);
      }
    });

    it('knows what is said beside advisories', async () => {
      const database = await opened();
      expect(database.enrichment('CVE-1')).toEqual(enrichment);
      expect(database.enrichment('CVE-2')).toBeNull();
      expect(database.enrichment('x'.repeat(100_000))).toBeNull();
    });

    it('describes itself', async () => {
      const info = (await opened()).describe();
      expect(info).toMatchObject({ schemaVersion: SCHEMA_VERSION, starter: false });
      expect(info.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(info.endOfLife).toEqual([
        { ecosystem: 'Debian:12', eol: '2026-06-10', extendedEol: null, source: 'distro-info' },
      ]);
      expect(info.feeds.map(({ ecosystem, source, records }) => [ecosystem, source, records])).toEqual([
        ['Debian:11', 'osv', 1],
        ['Debian:12', 'osv', 1],
        ['npm', 'osv', 2],
      ]);
    });
  });
}
