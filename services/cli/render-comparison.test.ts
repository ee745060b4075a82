import { describe, expect, test } from 'vitest';
import { samplePackage, sampleReport } from '../../test/support/sample-report.ts';
import { compareEngines } from '../domain/report/compare-engines.ts';
import type { Report } from '../domain/report/report.ts';
import { renderComparison } from './render-comparison.ts';

const npm = { type: 'npm', arch: null, layer: null } as const;
const report: Report = {
  ...sampleReport(),
  engines: [
    { name: 'plimsoll', version: '0.1.0', status: 'ok' },
    { name: 'trivy', version: '0.72.0', status: 'ok' },
    { name: 'syft', version: null, status: 'failed' },
  ],
  packages: [
    samplePackage({ name: 'curl', version: '1', foundBy: ['plimsoll', 'trivy'] }),
    samplePackage({
      ...npm,
      name: 'left-pad',
      version: '1.3.0',
      paths: ['srv/left-pad/package.json'],
      foundBy: ['trivy'],
    }),
    samplePackage({ ...npm, name: 'owned', version: '2.0.0', ownedBy: 'x', paths: ['a', 'b'] }),
    samplePackage({ name: 'odd', version: '9', foundBy: ['trivy'], paths: [] }),
  ],
  completeness: {
    ...sampleReport().completeness,
    gaps: [{ code: 'engine-failed', class: 'blocking', layer: null, path: null, message: 'syft: it is not there' }],
  },
};

describe('a comparison', () => {
  test('shows who found how much, and what each lacks, by reason', () => {
    expect(renderComparison(compareEngines(report), { width: 80, colour: false })).toBe(`\
docker-archive:./shop.tar

SCANNER   VERSION  ROWS
plimsoll  0.1.0       2
trivy     0.72.0      3
syft      unknown     –  failed

TYPE  PLIMSOLL  TRIVY  ALL
deb          1      2    1
npm          1      1    –

plimsoll lacks 1 row: unknown
(no rule explains it)
- odd 9 (deb/amd64; trivy)

plimsoll lacks 1 row: not-installed
(a package.json that no package manager installed: of a project, a part of a
package, or a test fixture)
- left-pad 1.3.0 (npm; trivy): /srv/left-pad/package.json

trivy lacks 1 row: distribution-owned
(its files belong to a package of the distribution, which the other lists
instead)
- owned 2.0.0 (npm; plimsoll): /a and 1 more

! engine-failed: syft: it is not there

All agree on 1 row; 3 rows differ, 1 without a known reason. Not compared: syft.
`);
  });

  test('counts rows of one reason past the first, and lets no text steer the terminal', () => {
    const rows = Array.from({ length: 25 }, (_, i) => samplePackage({ name: `a${i}\u001b[31m`, version: '1' }));
    const text = renderComparison(compareEngines({ ...report, packages: rows }), { width: 80, colour: false });
    expect(text).toContain('\n  … and 5 more: --json lists them all.\n');
    expect(text).not.toContain('\u001b');
    expect(text.match(/^- /gm)).toHaveLength(20);
  });
});
