import { describe, expect, test } from 'vitest';
import { LIMITS, type Limits } from '../../limits.ts';
import { ubuntuVex } from './ubuntu-vex.ts';

const CVE = { name: 'CVE-2023-0001', description: 'A flaw.' };
const product = (name: string, version: string, distro: string, arch = 'source') => ({
  '@id': `pkg:deb/ubuntu/${name}@${version}?arch=${arch}&distro=${distro}`,
});
const CURL = [product('curl', '7.81.0-1ubuntu1.24', 'jammy'), product('curl', '7.81.0-1ubuntu1.24', 'jammy', 'amd64')];
const document = (...statements: object[]) => ({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'Canonical Ltd.',
  timestamp: '2026-05-20T15:02:47.589121Z',
  statements: statements.map((each) => ({ vulnerability: CVE, timestamp: '2023-10-11T06:00:00Z', ...each })),
});
const read = (value: unknown, limits: Partial<Limits> = {}) => {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return ubuntuVex.read(bytes, { name: 'CVE-2023-0001.json', limits: { ...LIMITS, ...limits } });
};
const entriesOf = (statement: object) => read(document({ products: CURL, ...statement })).advisories[0]?.affected;
const reasons = ({ refusals }: ReturnType<typeof read>) => refusals.map(({ reason, count }) => `${count} × ${reason}`);

describe("Canonical's VEX", () => {
  test('a document, in full: source packages only', () => {
    expect(read(document({ status: 'fixed', products: CURL }))).toEqual({
      advisories: [
        {
          id: 'CVE-2023-0001',
          aliases: [],
          source: 'ubuntu-vex',
          url: 'https://ubuntu.com/security/CVE-2023-0001',
          summary: 'A flaw.',
          published: '2023-10-11T06:00:00Z',
          modified: '2026-05-20T15:02:47.589Z',
          withdrawn: null,
          severities: [],
          affected: [
            {
              ecosystem: 'Ubuntu:22.04',
              channel: null,
              name: 'curl',
              nameOf: 'source',
              ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '7.81.0-1ubuntu1.24' }] }],
              versions: [],
              status: 'fixed',
              vendorStatus: null,
              severities: [],
              module: null,
              architectures: [],
              contentSets: [],
              imports: [],
            },
          ],
        },
      ],
      covers: ['Ubuntu:22.04'],
      refusals: [],
    });
  });

  const start = 'This package (for the given release)';
  test.each([
    [`${start} is vulnerable …, but the Ubuntu Security Team decided to not fix it.`, 'will_not_fix', 'ignored'],
    [`${start} is no longer supported. Please upgrade your system.`, 'end_of_life', 'end-of-life'],
    [`${start} is vulnerable to the CVE and needs fixing.`, 'affected', 'needed'],
    [
      `${start} is vulnerable to the CVE and needs fixing. CVE Notes / justification: is no longer supported`,
      'affected',
      'needed',
    ],
    ['A sentence of tomorrow.', 'affected', null],
  ])('affected: %s', (action_statement, status, vendorStatus) => {
    const entries = entriesOf({ status: 'affected', action_statement });
    expect(entries).toMatchObject([{ status, vendorStatus, ranges: [{ events: [{ introduced: '0' }] }] }]);
  });

  test('under investigation, and not affected by its own word', () => {
    expect(entriesOf({ status: 'under_investigation' })).toMatchObject([
      { status: 'under_investigation', vendorStatus: 'needs-triage', ranges: [{}] },
    ]);
    expect(entriesOf({ status: 'not_affected', justification: 'vulnerable_code_not_present' })).toMatchObject([
      { status: 'not_affected', vendorStatus: 'vulnerable_code_not_present', ranges: [] },
    ]);
  });

  test('that a release does not have a package says nothing of one that is installed', () => {
    const reading = read(document({ status: 'not_affected', justification: 'component_not_present', products: CURL }));
    expect(reading.advisories).toEqual([]);
    expect(reasons(reading)).toEqual(['1 × a statement that a release does not have the package']);
  });

  test('support channels', () => {
    const distros = ['jammy', 'esm-infra/xenial', 'esm-apps/bionic', 'esm-infra-legacy/trusty'];
    const products = distros.map((distro) => product('curl', '1', distro));
    const [advisory] = read(document({ status: 'affected', products })).advisories;
    expect(advisory!.affected.map(({ ecosystem, channel }) => `${ecosystem} ${channel}`)).toEqual([
      'Ubuntu:22.04 null',
      'Ubuntu:16.04 esm-infra',
      'Ubuntu:18.04 esm-apps',
      'Ubuntu:14.04 esm-infra-legacy',
    ]);
  });

  test('what nobody can use is counted, and hides nothing else', () => {
    const reading = read(
      document(
        { status: 'affected', products: [product('a', '1', 'nobody'), ...CURL, { '@id': 'pkg:?arch=source' }, 7] },
        { status: 'a word of tomorrow', products: CURL },
        { status: 'affected', products: CURL, vulnerability: { name: 'USN-1' } },
      ),
    );
    expect(reading.advisories).toMatchObject([{ affected: [{ name: 'curl' }] }]);
    expect(reasons(reading)).toEqual([
      '2 × a product of an OpenVEX document that is no package of a release',
      '1 × a statement of an OpenVEX document of no known status',
      '1 × a statement of an OpenVEX document without a CVE',
    ]);
  });

  test('limits: at them and past them', () => {
    const two = document({ status: 'affected', products: [...CURL, ...CURL] });
    expect(read(two, { advisoryEntries: 2 }).advisories[0]!.affected).toHaveLength(2);
    const past = read(two, { advisoryEntries: 1 });
    expect(past.advisories[0]!.affected).toHaveLength(1);
    expect(reasons(past)).toEqual(['1 × a record past the limit advisoryEntries']);
    const size = JSON.stringify(two).length;
    expect(read(two, { advisoryBytes: size }).refusals).toEqual([]);
    expect(read(two, { advisoryBytes: size - 1 }).advisories).toEqual([]);
  });

  test('VEX of anybody else is no feed', () => {
    expect(ubuntuVex.recognises('x', JSON.stringify({ ...document(), author: 'Somebody' }))).toBe(false);
  });
});
