import { expect, it } from 'vitest';
import { advisory, affectedPackage } from '../../test/support/advisory.ts';
import { MemoryAdvisories } from '../../test/support/memory-advisories.ts';
import { samplePackage, sampleReport } from '../../test/support/sample-report.ts';
import type { ReportPackage } from '../domain/report/report.ts';
import type { AffectedPackage } from '../domain/vulnerabilities/advisory.ts';
import { readExceptions } from '../domain/vulnerabilities/exceptions.ts';
import { suppress } from '../domain/vulnerabilities/suppress.ts';
import { explainVulnerability } from '../pipeline/explain-vulnerability.ts';
import { matchVulnerabilities } from '../pipeline/match-vulnerabilities.ts';
import { renderExplanation } from './render-explanation.ts';

const ranges = [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }, { fixed: '8.0-1' }] }];
const entry = (more: Partial<AffectedPackage> = {}) =>
  affectedPackage({ ecosystem: 'Debian:12', name: 'curl', nameOf: 'source', status: 'fixed', ranges, ...more });
const database = new MemoryAdvisories([
  advisory({ id: 'DSA-1', aliases: ['CVE-2024-0001'], affected: [entry()] }),
  advisory({ id: 'DSA-2', aliases: ['CVE-2024-0002'], affected: [entry({ architectures: ['arm64'] })] }),
]);

function explained(item: ReportPackage, id: string, withException = false): string {
  const report = matchVulnerabilities({ ...sampleReport(), packages: [item] }, database);
  const exception = { vulnerability: id, reason: 'not reachable', owner: 'shop', expires: '2030-01-01' };
  const exceptions = withException ? readExceptions({ exceptions: [exception] }, 'x.yaml', '2026-01-01') : [];
  return renderExplanation(report, explainVulnerability(suppress(report, exceptions, []), database, id));
}

it('why it matches: record, namespace, comparisons, suppression', () => {
  const curl = samplePackage({ name: 'curl', version: '7.9-1' });
  expect(explained(curl, 'CVE-2024-0001', true)).toBe(`\
CVE-2024-0001 in docker-archive:./shop.tar
1 package; feeds: Debian:12

pkg:deb/debian/curl@7.9-1?arch=amd64
  affected: unknown by nobody, fixed, fixed in 8.0-1
  suppressed by exception: x.yaml #1 (shop): not reachable, until 2030-01-01
  - DSA-1 (osv), Debian:12 source curl: 7.9-1 is inside; the source says fixed; it decided
      7.9-1 > 0 (introduced, order of dpkg)
      7.9-1 < 8.0-1 (fixed, order of dpkg)
`);
});

it.each([
  [samplePackage({ name: 'curl', version: '8.0-1' }), 'DSA-1', '8.0-1 = 8.0-1 (fixed, order of dpkg)'],
  [
    samplePackage({ name: 'curl', version: '8.0-1' }),
    'DSA-1',
    'not affected: no record that counts holds this version',
  ],
  [samplePackage({ name: 'curl', version: '7.9-1' }), 'CVE-2024-0002', 'not for this package: for arm64 only'],
  [
    samplePackage({ name: 'curl', version: '7.9-1', vendor: 'NodeSource <x@nodesource.com>' }),
    'DSA-1',
    'somebody else built the package',
  ],
  [samplePackage({ name: 'wget', version: '1' }), 'CVE-2024-0001', 'No record in these feeds names CVE-2024-0001'],
])('why not: %#', (item, id, text) => {
  expect(explained(item, id)).toContain(text);
});
