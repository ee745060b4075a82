import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Distribution, detectDistribution } from '../../services/domain/packages/distribution.ts';
import { osRelease } from '../../services/domain/packages/os-release.ts';
import { readContext } from '../support/read-context.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';

const FIXTURES = join(SHARED_DATA, 'fixtures/os-release/syft');
const context = readContext();

function distribution(id: string, fields: Partial<Distribution>): Distribution {
  const versionId = fields.versionId ?? null;
  return {
    id,
    idLike: [],
    versionId,
    prettyName: null,
    versionCodename: null,
    variantId: null,
    cpeName: null,
    family: null,
    pointRelease: versionId,
    rolling: false,
    ...fields,
  };
}

/** Each written from reading the file. The folder of a fixture is the root of an image. */
const EXPECTED: Readonly<Record<string, Distribution>> = {
  'almalinux/from-os-release': distribution('almalinux', {
    idLike: ['rhel', 'centos', 'fedora'],
    versionId: '8.4',
    prettyName: 'AlmaLinux 8.4 (Electric Cheetah)',
    cpeName: 'cpe:/o:almalinux:almalinux:8.4:GA',
    family: 'rhel',
  }),
  'almalinux/from-redhat-release': distribution('almalinux', {
    versionId: '8.10',
    prettyName: 'AlmaLinux release 8.10 (Cerulean Leopard)',
    family: 'rhel',
  }),
  alpine: distribution('alpine', { versionId: '3.11.6', prettyName: 'Alpine Linux v3.11', family: 'alpine' }),
  amazon: distribution('amzn', {
    idLike: ['centos', 'rhel', 'fedora'],
    versionId: '2',
    prettyName: 'Amazon Linux 2',
    cpeName: 'cpe:2.3:o:amazon:amazon_linux:2',
    family: 'amazon',
  }),
  arch: distribution('arch', { prettyName: 'Arch Linux', family: 'arch', rolling: true }),
  busybox: distribution('busybox', { versionId: '1.31.1', prettyName: 'BusyBox v1.31.1' }),
  centos: distribution('centos', {
    idLike: ['rhel', 'fedora'],
    versionId: '8',
    prettyName: 'CentOS Linux 8 (Core)',
    cpeName: 'cpe:/o:centos:centos:8',
    family: 'rhel',
  }),
  centos5: distribution('centos', {
    versionId: '5',
    pointRelease: '5.7',
    prettyName: 'CentOS release 5.7 (Final)',
    family: 'rhel',
  }),
  centos6: distribution('centos', { versionId: '6', cpeName: 'cpe:/o:centos:linux:6:GA', family: 'rhel' }),
  custom: distribution('scientific', {
    idLike: ['rhel', 'fedora'],
    versionId: '8',
    prettyName: 'CentOS Linux 8 (Core)',
    cpeName: 'cpe:/o:centos:centos:8',
    family: 'rhel',
  }),
  // Its debian_version is not among the fixtures.
  'debian/from-debian_version': distribution('debian', { prettyName: 'Distroless', family: 'debian' }),
  'debian/from-os-release': distribution('debian', {
    versionId: '8',
    prettyName: 'Debian GNU/Linux 8 (jessie)',
    family: 'debian',
  }),
  'debian/with-point-release': distribution('debian', {
    versionId: '13',
    prettyName: 'Debian GNU/Linux 13 (trixie)',
    versionCodename: 'trixie',
    family: 'debian',
  }),
  fedora: distribution('fedora', {
    versionId: '36',
    prettyName: 'Fedora Linux 36 (Container Image)',
    variantId: 'container',
    cpeName: 'cpe:/o:fedoraproject:fedora:36',
    family: 'fedora',
  }),
  mariner: distribution('mariner', {
    versionId: '1.0',
    pointRelease: '1.0.20210901',
    prettyName: 'CBL-Mariner/Linux',
    family: 'azurelinux',
  }),
  'opensuse-leap': distribution('opensuse-leap', {
    idLike: ['suse', 'opensuse'],
    versionId: '15.2',
    prettyName: 'openSUSE Leap 15.2',
    cpeName: 'cpe:/o:opensuse:leap:15.2',
    family: 'suse',
  }),
  oraclelinux: distribution('ol', {
    idLike: ['fedora'],
    versionId: '8.3',
    prettyName: 'Oracle Linux Server 8.3',
    variantId: 'server',
    cpeName: 'cpe:/o:oracle:linux:8:3:server',
    family: 'rhel',
  }),
  photon: distribution('photon', { versionId: '2.0', prettyName: 'VMware Photon OS/Linux', family: 'photon' }),
  'redhat/from-os-release': distribution('rhel', {
    idLike: ['fedora'],
    versionId: '7.3',
    prettyName: 'Red Hat Enterprise Linux Server 7.3 (Maipo)',
    cpeName: 'cpe:/o:redhat:enterprise_linux:7.3:GA:server',
    family: 'rhel',
  }),
  'redhat/from-redhat-release': distribution('rhel', {
    versionId: '8.10',
    prettyName: 'Red Hat Enterprise Linux release 8.10 (Ootpa)',
    family: 'rhel',
  }),
  'rockylinux/from-os-release': distribution('rocky', {
    idLike: ['rhel', 'fedora'],
    versionId: '8.4',
    prettyName: 'Rocky Linux 8.4 (Green Obsidian)',
    cpeName: 'cpe:/o:rocky:rocky:8.4:GA',
    family: 'rhel',
  }),
  'rockylinux/from-redhat-release': distribution('rocky', {
    versionId: '8.10',
    prettyName: 'Rocky Linux release 8.10 (Green Obsidian)',
    family: 'rhel',
  }),
  'scientific/from-os-release': distribution('scientific', {
    idLike: ['rhel', 'centos', 'fedora'],
    versionId: '7.5',
    prettyName: 'Scientific Linux 7.5 (Nitrogen)',
    cpeName: 'cpe:/o:scientificlinux:scientificlinux:7.5:GA',
    family: 'rhel',
  }),
  'scientific/from-redhat-release': distribution('scientific', {
    versionId: '7.9',
    prettyName: 'Scientific Linux release 7.9 (Nitrogen)',
    family: 'rhel',
  }),
  sles: distribution('sles', {
    idLike: ['suse'],
    versionId: '15.2',
    prettyName: 'SUSE Linux Enterprise Server 15 SP2',
    cpeName: 'cpe:/o:suse:sles:15:sp2',
    family: 'suse',
  }),
  ubuntu: distribution('ubuntu', {
    idLike: ['debian'],
    versionId: '20.04',
    prettyName: 'Ubuntu 20.04 LTS',
    versionCodename: 'focal',
    family: 'debian',
  }),
  wolfi: distribution('wolfi', { versionId: '20220914', prettyName: 'Wolfi', family: 'wolfi', rolling: true }),
};

/** All files below FIXTURES by the root that they lie in. */
function roots(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const entry of readdirSync(FIXTURES, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name).slice(FIXTURES.length + 1);
    const root = path.slice(0, /\/(?:etc|usr|bin)\//.exec(path)!.index);
    found.set(root, [...(found.get(root) ?? []), path.slice(root.length + 1)]);
  }
  return found;
}

describe.skipIf(!HAS_SHARED_DATA)('release files of ../shared/data (skipped where it is absent)', () => {
  test('the table has every fixture and no other', () => {
    expect([...roots().keys()].sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  test.each(Object.keys(EXPECTED))('%s', (root) => {
    const files = roots()
      .get(root)!
      .map((path) => ({ path, bytes: readFileSync(join(FIXTURES, root, path)) }));
    for (const { path, bytes } of files) {
      expect(osRelease.wants({ path, type: 'file', mode: 0o644, size: bytes.length }, () => bytes)).toBe('whole');
    }
    const { units } = osRelease.readDatabase(files, context);
    expect(detectDistribution(new Map(units.map(({ path, text }) => [path, text!])))).toEqual(EXPECTED[root]);
  });
});
