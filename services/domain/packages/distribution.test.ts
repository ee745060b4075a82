import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detectDistribution, RELEASE_FILES } from './distribution.ts';

const detect = (files: Record<string, string>) => detectDistribution(new Map(Object.entries(files)));

describe('os-release', () => {
  test('every field', () => {
    const text = [
      'ID=rhel',
      'ID_LIKE="fedora"',
      'VERSION="9.4 (Plow)"',
      'VERSION_ID="9.4"',
      "PRETTY_NAME='Red Hat Enterprise Linux 9.4 (Plow)'",
      'VERSION_CODENAME=plow',
      'VARIANT_ID=container',
      'CPE_NAME="cpe:/o:redhat:enterprise_linux:9::baseos"',
    ].join('\n');
    expect(detect({ 'etc/os-release': text })).toEqual({
      id: 'rhel',
      idLike: ['fedora'],
      versionId: '9.4',
      prettyName: 'Red Hat Enterprise Linux 9.4 (Plow)',
      versionCodename: 'plow',
      variantId: 'container',
      cpeName: 'cpe:/o:redhat:enterprise_linux:9::baseos',
      family: 'rhel',
      pointRelease: '9.4',
      rolling: false,
    });
  });

  test('etc goes before usr/lib, unless it names no ID', () => {
    const lower = 'ID=alpine\n';
    expect(detect({ 'usr/lib/os-release': lower, 'etc/os-release': 'ID=wolfi\n' })?.id).toBe('wolfi');
    expect(detect({ 'usr/lib/os-release': lower, 'etc/os-release': '\0\0\0\0' })?.id).toBe('alpine');
  });

  test('cousins do not overrule it', () => {
    expect(
      detect({ 'etc/os-release': 'ID=ubuntu\nVERSION_ID="22.04"', 'etc/debian_version': 'bookworm/sid' }),
    ).toMatchObject({
      id: 'ubuntu',
      versionId: '22.04',
      versionCodename: null,
      family: 'debian',
      rolling: false,
    });
  });

  test('hostile values are bounded and without control characters', () => {
    const found = detect({
      'etc/os-release': `ID=debian\nPRETTY_NAME="a\u001b[31m\u202eb${'x'.repeat(5000)}"\nVERSION_ID="\u0007"`,
    });
    expect(found).toMatchObject({ id: 'debian', versionId: null });
    expect(found!.prettyName).toMatch(/^a\[31mbx+$/);
    expect(found!.prettyName).toHaveLength(256);
    expect(detect({ 'etc/os-release': 'ID="$(reboot)"' })).toBeNull();
    expect(detect({ 'etc/os-release': 'ID=constructor' })).toMatchObject({ id: 'constructor', family: null });
    expect(detect({ 'etc/system-release-cpe': 'cpe:/o:constructor:x:1' })).toBeNull();
  });
});

test.each([
  [
    'Debian point release',
    { 'etc/os-release': 'ID=debian\nVERSION_ID="12"', 'etc/debian_version': '12.5\n' },
    { versionId: '12', pointRelease: '12.5' },
  ],
  [
    'a point release of another release',
    { 'etc/os-release': 'ID=debian\nVERSION_ID="12"', 'etc/debian_version': '13.1' },
    { pointRelease: '12' },
  ],
  [
    'Ubuntu point release',
    { 'etc/os-release': 'ID=ubuntu\nVERSION_ID="20.04"\nVERSION="20.04.6 LTS (Focal Fossa)"' },
    { pointRelease: '20.04.6' },
  ],
  [
    'CentOS 7',
    { 'etc/os-release': 'ID="centos"\nVERSION_ID="7"', 'etc/redhat-release': 'CentOS Linux release 7.9.2009 (Core)' },
    { versionId: '7', pointRelease: '7.9.2009' },
  ],
  [
    'Debian testing',
    {
      'etc/os-release': 'ID=debian\nPRETTY_NAME="Debian GNU/Linux trixie/sid"\nVERSION_CODENAME=trixie',
      'etc/debian_version': 'trixie/sid',
    },
    { versionId: null, versionCodename: 'trixie', pointRelease: null, rolling: true },
  ],
  [
    'Debian sid without codename',
    { 'etc/os-release': 'ID=debian', 'etc/debian_version': 'forky/sid' },
    { versionId: null, versionCodename: 'forky', rolling: true },
  ],
  [
    'distroless without VERSION_ID',
    { 'etc/os-release': 'ID=debian\nPRETTY_NAME=Distroless', 'etc/debian_version': '11.9' },
    { versionId: '11', pointRelease: '11.9', rolling: false },
  ],
  [
    'Alpine edge',
    { 'etc/os-release': 'ID=alpine\nVERSION_ID=3.21_alpha20240923\nPRETTY_NAME="Alpine Linux edge"' },
    { family: 'alpine', rolling: true },
  ],
  ['Alpine', { 'etc/os-release': 'ID=alpine\nVERSION_ID=3.18.4' }, { pointRelease: '3.18.4', rolling: false }],
  [
    'postmarketOS',
    { 'etc/os-release': 'ID=postmarketos\nID_LIKE=alpine\nVERSION_ID=v24.06' },
    { family: 'alpine', rolling: false },
  ],
  ['Chainguard', { 'etc/os-release': 'ID=chainguard\nVERSION_ID=20230214' }, { family: 'wolfi', rolling: true }],
  [
    'CentOS Stream',
    { 'etc/os-release': 'ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="9"\nPRETTY_NAME="CentOS Stream 9"' },
    { id: 'centos', variantId: 'stream', family: 'rhel' },
  ],
  [
    'Amazon Linux 1',
    { 'etc/os-release': 'ID="amzn"\nID_LIKE="rhel fedora"\nVERSION_ID="2018.03"' },
    { family: 'amazon', versionId: '2018.03' },
  ],
  [
    'Amazon Linux 2023',
    { 'etc/os-release': 'ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"' },
    { family: 'amazon', versionId: '2023' },
  ],
  [
    'Tumbleweed',
    { 'etc/os-release': 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\nVERSION_ID="20240101"' },
    { family: 'suse', rolling: true },
  ],
  [
    'Raspbian',
    { 'etc/os-release': 'ID=raspbian\nID_LIKE=debian\nVERSION_ID="11"', 'etc/debian_version': '11.9' },
    { family: 'debian', pointRelease: '11.9' },
  ],
  [
    'Azure Linux',
    { 'etc/os-release': 'ID=azurelinux\nVERSION="3.0.20240727"\nVERSION_ID="3.0"' },
    { family: 'azurelinux', pointRelease: '3.0.20240727' },
  ],
  [
    'a derivative that we do not know',
    { 'etc/os-release': 'ID=pengwin\nID_LIKE="ubuntu debian"\nVERSION_ID=1' },
    { id: 'pengwin', family: 'debian' },
  ],
  ['a stranger', { 'etc/os-release': 'ID=plan9' }, { id: 'plan9', family: null }],
])('%s', (_, files, expected) => {
  expect(detect(files)).toMatchObject(expected);
});

test.each([
  ['etc/redhat-release', 'Red Hat Enterprise Linux Server release 6.10 (Santiago)\n', 'rhel', '6.10', '6.10'],
  ['etc/redhat-release', 'CentOS release 6.10 (Final)', 'centos', '6', '6.10'],
  ['etc/centos-release', 'CentOS Stream release 8', 'centos', '8', '8'],
  ['etc/system-release', 'Amazon Linux release 2 (Karoo)', 'amzn', '2', '2'],
  ['etc/system-release', 'Amazon Linux AMI release 2018.03', 'amzn', '2018.03', '2018.03'],
  ['etc/fedora-release', 'Fedora release 36 (Thirty Six)', 'fedora', '36', '36'],
  ['etc/oracle-release', 'Oracle Linux Server release 7.9', 'ol', '7.9', '7.9'],
  ['etc/photon-release', 'VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=1', 'photon', '4.0', '4.0'],
  ['etc/mariner-release', 'CBL-Mariner 2.0.20220804', 'mariner', '2.0', '2.0.20220804'],
  ['etc/redhat-release', 'Foo Linux release 3 (Bar)', 'foo-linux', '3', '3'],
  ['etc/system-release-cpe', 'cpe:2.3:o:amazon:amazon_linux:2', 'amzn', '2', '2'],
  [
    'etc/SuSE-release',
    'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n',
    'sles',
    '11.4',
    '11.4',
  ],
  ['etc/SuSE-release', 'openSUSE 13.2 (x86_64)\nVERSION = 13.2\nCODENAME = Harlequin\n', 'opensuse', '13.2', '13.2'],
  ['etc/alpine-release', '3.4.6\n', 'alpine', '3.4.6', '3.4.6'],
  ['etc/debian_version', '7.11\n', 'debian', '7', '7.11'],
  ['etc/debian_version', 'jessie/sid\n', 'debian', null, null],
  ['etc/lsb-release', 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_CODENAME=lucid\n', 'ubuntu', '10.04', '10.04'],
  ['etc/arch-release', '', 'arch', null, null],
  ['bin/busybox', 'BusyBox v1.36.1', 'busybox', '1.36.1', '1.36.1'],
])('%s alone: %j', (path, text, id, versionId, pointRelease) => {
  expect(detect({ [path]: text })).toMatchObject({ id, versionId, pointRelease });
});

test('a rebuild goes before the redhat-release that it copies', () => {
  const files = {
    'etc/redhat-release': 'Red Hat Enterprise Linux Server release 7.9 (Maipo)',
    'etc/oracle-release': 'Oracle Linux Server release 7.9',
  };
  expect(detect(files)?.id).toBe('ol');
});

test('no file, or files that say nothing, are no distribution', () => {
  expect(detect({})).toBeNull();
  expect(detect({ 'etc/os-release': '', 'etc/debian_version': 'kali-rolling', 'bin/busybox': '' })).toBeNull();
});

test('no text makes it throw, and what it gives is printable', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'ID=VERSON_"\\\'\n 1.x/sid\0') }),
  );
  const files = fc.dictionary(fc.constantFrom(...RELEASE_FILES), text).map((record) => new Map(Object.entries(record)));
  fc.assert(
    fc.property(files, (texts) => {
      for (const value of Object.values(detectDistribution(texts) ?? {})) {
        if (typeof value === 'string') expect(value).toMatch(/^[^\p{Cc}\p{Cs}]{1,256}$/u);
      }
    }),
  );
});
