import { describe, expect, it } from 'vitest';
import { namespacesOf } from './namespace.ts';

const image = (
  id: string,
  versionId: string | null,
  prettyName: string | null = null,
  repositories: string[] = [],
) => ({
  os: { id, versionId, prettyName, eol: null },
  repositories,
});
const TYPES: Readonly<Record<string, string>> = {
  ...{ debian: 'deb', ubuntu: 'deb', raspbian: 'deb', alpine: 'apk', wolfi: 'apk' },
};
const of = (...facts: Parameters<typeof image>) => namespacesOf({ type: TYPES[facts[0]] ?? 'rpm' }, image(...facts));

describe('namespacesOf a distribution package', () => {
  it.each<[string, string | null, string | null, string]>([
    ['debian', '12', null, 'Debian:12'],
    ['debian', '12.5', null, 'Debian:12'],
    ['debian', null, 'Debian GNU/Linux trixie/sid', 'Debian:sid'],
    ['debian', null, null, 'Debian:unknown'],
    ['ubuntu', '22.04', null, 'Ubuntu:22.04'],
    ['alpine', '3.18.4', null, 'Alpine:v3.18'],
    ['alpine', '3.21_alpha20240923', null, 'Alpine:edge'],
    ['alpine', 'edge', null, 'Alpine:edge'],
    ['wolfi', '20230201', null, 'Wolfi'],
    ['rhel', '9.4', null, 'Red Hat:9'],
    ['almalinux', '8.10', null, 'AlmaLinux:8'],
    ['rocky', '9.3', null, 'Rocky Linux:9'],
    ['ol', '8.9', null, 'Oracle Linux:8'],
    ['amzn', '2018.03', null, 'Amazon Linux:1'],
    ['amzn', '2', null, 'Amazon Linux:2'],
    ['amzn', '2023', null, 'Amazon Linux:2023'],
    ['opensuse-leap', '15.5', null, 'openSUSE:Leap 15.5'],
    ['sles', '12.5', null, 'SUSE:Linux Enterprise Server 12 SP5'],
    ['mariner', '2.0', null, 'Azure Linux:2'],
    ['photon', '4.0', null, 'Photon OS:4.0'],
    ['openeuler', '22.03', 'openEuler 22.03 (LTS-SP3)', 'openEuler:22.03-LTS-SP3'],
    ['openeuler', '23.09', 'openEuler 23.09', 'openEuler:23.09'],
  ])('%s %s (%s) is %s', (id, versionId, prettyName, namespace) => {
    expect(of(id, versionId, prettyName)).toEqual({ names: [namespace], compatible: null });
  });

  it('of SUSE is the product and the modules of its release', () => {
    expect(of('sles', '15.5').names).toEqual(
      expect.arrayContaining([
        'SUSE:Linux Enterprise Server 15 SP5',
        'SUSE:Linux Enterprise Module for Basesystem 15 SP5',
      ]),
    );
  });

  it('of Alpine is edge where every repository is', () => {
    const url = (branch: string) => `https://dl-cdn.alpinelinux.org/alpine/${branch}/main`;
    expect(of('alpine', '3.18.0', null, [url('edge')]).names).toEqual(['Alpine:edge']);
    expect(of('alpine', '3.18.0', null, [url('edge'), url('v3.18')]).names).toEqual(['Alpine:v3.18']);
  });

  it('borrows a feed only where that is declared, and says so', () => {
    expect(of('centos', '7')).toEqual({ names: ['Red Hat:7'], compatible: 'rebuild' });
    expect(of('centos', '9', 'CentOS Stream 9')).toEqual({ names: ['Red Hat:9'], compatible: 'upstream' });
    expect(of('raspbian', '11')).toEqual({ names: ['Debian:11'], compatible: 'rebuild' });
    for (const [id, versionId] of [
      ['linuxmint', '21'],
      ['kali', '2024.1'],
      ['devuan', '5'],
      ['postmarketos', 'v23.12'],
      ['eurolinux', '9.3'],
    ]) {
      expect(of(id!, versionId!)).toEqual({ names: [`${id}:${versionId}`], compatible: null });
    }
  });

  it('is nobody’s where another distribution’s packages were brought along', () => {
    expect(namespacesOf({ type: 'apk' }, image('debian', '12')).names).toEqual(['debian:12 (apk)']);
    expect(namespacesOf({ type: 'deb' }, image('alpine', '3.18.0')).names).toEqual(['alpine:3.18.0 (deb)']);
    expect(namespacesOf({ type: 'deb' }, image('rocky', '9.3')).names).toEqual(['rocky:9.3 (deb)']);
  });

  it('is nobody’s where the distribution is not known', () => {
    expect(namespacesOf({ type: 'rpm' }, { os: null, repositories: [] }).names).toEqual(['unknown distribution (rpm)']);
  });
});

it.each([
  ['npm', 'npm'],
  ['pypi', 'PyPI'],
  ['golang', 'Go'],
  ['maven', 'Maven'],
  ['cargo', 'crates.io'],
  ['conda', 'conda'],
])('language packages of type %s are judged by %s, whatever the distribution', (type, namespace) => {
  expect(namespacesOf({ type }, image('debian', '12')).names).toEqual([namespace]);
});
