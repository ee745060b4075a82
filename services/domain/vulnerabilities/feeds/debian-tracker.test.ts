import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../limits.ts';
import { debianTracker } from './debian-tracker.ts';

const encoder = new TextEncoder();
const read = (document: unknown) =>
  debianTracker.read(encoder.encode(JSON.stringify(document)), { name: 'data.json', limits: LIMITS });
const issue = (bookworm: object) => ({ openssl: { 'CVE-2023-1': { description: 'D.', releases: { bookworm } } } });
const only = (bookworm: object) => read(issue(bookworm)).advisories[0]!.affected[0]!;

describe("Debian's tracker", () => {
  test('an issue, in full', () => {
    const document = issue({ status: 'resolved', fixed_version: '3.0.11-1~deb12u2', urgency: 'not yet assigned' });
    expect(read(document)).toEqual({
      advisories: [
        {
          id: 'CVE-2023-1',
          aliases: [],
          source: 'debian-tracker',
          url: 'https://security-tracker.debian.org/tracker/CVE-2023-1',
          summary: 'D.',
          published: null,
          modified: null,
          withdrawn: null,
          severities: [],
          affected: [
            {
              ecosystem: 'Debian:12',
              channel: null,
              name: 'openssl',
              nameOf: 'source',
              ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.11-1~deb12u2' }] }],
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
      covers: ['Debian:12'],
      refusals: [],
    });
  });

  test.each([
    [{ status: 'open' }, 'affected', null],
    [{ status: 'open', nodsa: 'Minor issue', nodsa_reason: '' }, 'affected', 'no-dsa'],
    [{ status: 'open', nodsa: '', nodsa_reason: 'postponed' }, 'fix_deferred', 'postponed'],
    [{ status: 'open', nodsa: '', nodsa_reason: 'ignored' }, 'will_not_fix', 'ignored'],
    [{ status: 'open', urgency: 'end-of-life' }, 'end_of_life', 'end-of-life'],
    [{ status: 'open', urgency: 'unimportant' }, 'affected', 'unimportant'],
    [{ status: 'undetermined' }, 'under_investigation', 'undetermined'],
    [{ status: 'resolved' }, 'affected', null],
    [{ status: 'resolved', fixed_version: '0', urgency: 'unimportant' }, 'not_affected', null],
    [{ status: 'a word of tomorrow', nodsa_reason: 'another' }, 'affected', 'another'],
  ])('%o is %s (%s)', (release, status, vendorStatus) => {
    expect(only(release)).toMatchObject({ status, vendorStatus });
    const open = [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }];
    expect(only(release).ranges).toEqual(status === 'not_affected' ? [] : open);
  });

  test.each([
    ['unimportant', 'negligible'],
    ['low**', 'low'],
    ['high', 'high'],
  ])('urgency %s is %s', (urgency, level) => {
    expect(only({ status: 'open', urgency }).severities).toEqual([
      { source: 'debian', level, text: urgency, vector: null },
    ]);
  });

  test('all releases by number, and sid', () => {
    const releases = { sid: { status: 'open' }, trixie: { status: 'open' }, 'bullseye-security': { status: 'open' } };
    const { advisories, covers } = read({ openssl: { 'CVE-2023-1': { releases } } });
    expect(advisories[0]!.affected.map(({ ecosystem }) => ecosystem)).toEqual(['Debian:sid', 'Debian:13', 'Debian:11']);
    expect(covers).toEqual(['Debian:11', 'Debian:13', 'Debian:sid']);
  });

  test('one CVE in two packages is one advisory', () => {
    const releases = { bookworm: { status: 'open' } };
    const { advisories } = read({ a: { 'CVE-2023-1': { releases } }, b: { 'CVE-2023-1': { releases } } });
    expect(advisories.map(({ affected }) => affected.map(({ name }) => name))).toEqual([['a', 'b']]);
  });

  test('what nobody can use is counted, and hides nothing else', () => {
    const good = { releases: { bookworm: { status: 'open' } } };
    const { advisories, refusals } = read({
      a: { 'TEMP-0000000-ABCDEF': good, 'CVE-2023-1': good, 'CVE-2023-2': [], nothing: good },
      b: [],
      c: { 'CVE-2023-3': { releases: { nobody: { status: 'open' }, bookworm: { status: 'open' } } } },
    });
    expect(advisories.map(({ id }) => id)).toEqual(['CVE-2023-1', 'CVE-2023-3']);
    expect(refusals.map(({ reason, examples }) => [reason, ...examples])).toEqual([
      ['a package of the tracker that is no object', 'b'],
      ['an issue in a release that nobody knows', 'CVE-2023-3 nobody'],
      ['an issue of the tracker without releases', 'CVE-2023-2', 'nothing'],
      ['an issue with a temporary id only', 'TEMP-0000000-ABCDEF'],
    ]);
  });
});
