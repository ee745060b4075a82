import { describe, expect, test } from 'vitest';
import { selectSources } from '../../domain/vulnerabilities/feed-sources.ts';
import { namedAddress } from './named-address.ts';

describe('a document that names where the feed is', () => {
  const steps = (id: string) => selectSources([id]).sources[0]!.steps!;
  const repomd = (href: string, type = 'updateinfo') =>
    `<repomd><data type="primary"><location href="repodata/p.xml"/></data><data type="${type}">\n<location href="${href}"/></data></repomd>`;

  test.each([
    ['repodata/abc-updateinfo.xml.gz', 'updateinfo', 'https://y/r/x86_64/repodata/abc-updateinfo.xml.gz'],
    ['https://elsewhere/updateinfo.xml.gz', 'updateinfo', null],
    ['repodata/../../secret', 'updateinfo', null],
    ['repodata/other.xml.gz', 'other', null],
  ])('repomd.xml with %s as %s', (href, type, expected) => {
    const [step] = steps('updateinfo:oracle-9-appstream-aarch64');
    expect(namedAddress('https://y/r/x86_64/repodata/repomd.xml', repomd(href, type), step!)).toBe(expected);
  });

  test('a list of repositories, of which the mirror has its own copy', () => {
    const [step] = steps('updateinfo:amazon-2-x86_64');
    const list = 'https://cdn.amazonlinux.com/2/core/2.0/x86_64/0123abcd/\nhttps://other.example.org/\n';
    const path = 'cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list';
    const repository = 'cdn.amazonlinux.com/2/core/2.0/x86_64/0123abcd/repodata/repomd.xml';
    expect(namedAddress(`https://${path}`, list, step!)).toBe(`https://${repository}`);
    expect(namedAddress(`http://127.0.0.1:80/m/${path}`, list, step!)).toBe(`http://127.0.0.1:80/m/${repository}`);
    expect(namedAddress('http://127.0.0.1:80/mirror.list', list, step!)).toBeNull();
    expect(namedAddress(`https://${path}`, 'http://cdn.amazonlinux.com/2/', step!)).toBeNull();
  });

  test("Red Hat's archive, and nothing else", () => {
    const [step] = steps('redhat-csaf');
    const at = (text: string) => namedAddress('https://r/vex/archive_latest.txt', text, step!);
    expect(at('csaf_vex_2026-01-02.tar.zst\n')).toBe('https://r/vex/csaf_vex_2026-01-02.tar.zst');
    expect(at('../csaf_vex_2026-01-02.tar.zst')).toBeNull();
    expect(at('')).toBeNull();
  });

  test('one that is long and says nothing is told at once', () => {
    const [step] = steps('updateinfo:oracle-7-latest-x86_64');
    const long = `<data type="updateinfo">${'<location '.repeat(25_000)}`;
    expect(namedAddress('https://y/repodata/repomd.xml', long, step!)).toBeNull();
  });
});
