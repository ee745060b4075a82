import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../limits.ts';
import { debianAdvisories } from './debian-advisories.ts';

const read = (text: string) =>
  debianAdvisories.read(new TextEncoder().encode(text), { name: 'DSA/list', limits: LIMITS });
const rows = (text: string) =>
  read(text).advisories.map(({ id, published, affected }) => [
    id,
    published,
    ...affected.map(({ ecosystem, name, status, ranges }) => {
      const end = ranges[0]?.events.at(-1);
      return `${ecosystem} ${name} ${status} ${end !== undefined && 'fixed' in end ? end.fixed : '-'}`;
    }),
  ]);

describe("Debian's lists of advisories", () => {
  test('each CVE, with all that fixed it, since the first day', () => {
    const text = [
      '[29 Mar 2023] DSA-5380-2 xorg-server - regression update',
      '\t{CVE-2023-1393}',
      '\t[buster] - xorg-server 2:1.20.4-1+deb10u9',
      '[27 Mar 2023] DSA-5380-1 xorg-server - security update',
      '\t{CVE-2023-1393 CVE-2023-1394}',
      '\t[bullseye] - xorg-server 2:1.20.11-1+deb11u6 (bug #1; medium)',
      '\tNOTE: fixed in testing at time of DSA',
    ].join('\n');
    const bullseye = 'Debian:11 xorg-server fixed 2:1.20.11-1+deb11u6';
    expect(rows(text)).toEqual([
      ['CVE-2023-1393', '2023-03-27T00:00:00Z', 'Debian:10 xorg-server fixed 2:1.20.4-1+deb10u9', bullseye],
      ['CVE-2023-1394', '2023-03-27T00:00:00Z', bullseye],
    ]);
    expect(read(text)).toMatchObject({ covers: ['Debian:10', 'Debian:11'], refusals: [] });
  });

  test('an advisory without a CVE stands for itself; one without a package for nothing', () => {
    const text =
      '[17 Mar 2023] DSA-5356-2 sox - regression update\n\t[bullseye] - sox 14.4.2\n[18 Apr 2018] DSA-4205-1 jessie end-of-life\n';
    expect(rows(text)).toEqual([['DSA-5356-2', '2023-03-17T00:00:00Z', 'Debian:11 sox fixed 14.4.2']]);
  });

  test('words in the place of a version', () => {
    const text =
      '[01 Jan 2020] DLA-1-1 a - b\n {CVE-2020-1}\n [jessie] - a <not-affected> (why)\n [stretch] - a <end-of-life>\n [buster] - a <new-word>\n';
    expect(rows(text)).toEqual([
      ['CVE-2020-1', '2020-01-01T00:00:00Z', 'Debian:8 a not_affected -', 'Debian:9 a end_of_life -'],
    ]);
    expect(read(text).refusals).toMatchObject([{ count: 1, examples: ['DLA-1-1'] }]);
  });

  test('lines that say nothing known, and releases that nobody knows, are counted', () => {
    const text = 'Hello\n[01 Jan 2020] DSA-1-1 a - b\n\t[nobody] - a 1\n\twhat\n';
    expect(read(text).refusals.map(({ reason, count }) => [reason, count])).toEqual([
      ['a line before the first advisory', 1],
      ['a line of an advisory that says nothing known', 2],
    ]);
  });
});
