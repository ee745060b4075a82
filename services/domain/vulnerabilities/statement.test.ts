import { describe, expect, it } from 'vitest';
import { advisory, affectedPackage } from '../../../test/support/advisory.ts';
import { samplePackage } from '../../../test/support/sample-report.ts';
import type { ReportPackage } from '../report/report.ts';
import type { AffectedPackage } from './advisory.ts';
import { type PackageImage, statementsOn } from './statement.ts';

const DEBIAN: PackageImage = {
  os: { id: 'debian', versionId: '12', prettyName: null, eol: null },
  repositories: [],
  layers: [],
};
const on = (id: string, versionId: string, contentSets: string[] = []): PackageImage => ({
  os: { id, versionId, prettyName: null, eol: null },
  repositories: [],
  layers: [{ index: 0, digest: null, diffId: null, size: 0, instruction: null, base: null, contentSets }],
});

type Entry = Partial<AffectedPackage> & Pick<AffectedPackage, 'ecosystem' | 'name'>;
const red9 = (...contentSets: string[]): Entry => {
  return { ecosystem: 'Red Hat:9', name: 'bash', nameOf: 'binary', contentSets, ranges: upTo('2-1') };
};
const upTo = (fixed: string) => [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }, { fixed }] }];

/** State, or why not, of each entry of one record. */
function judged(item: ReportPackage, image: PackageImage, ...entries: readonly Entry[]): string[] {
  const affected = entries.map(affectedPackage);
  const lookup = (ecosystem: string, name: string) => {
    const found = affected.filter((entry) => entry.ecosystem === ecosystem && entry.name === name);
    return found.length === 0 ? [] : [advisory({ id: 'A', affected: found })];
  };
  return statementsOn(item, image, lookup).map(
    ({ standing, refusal, version }) => `${version}: ${standing?.state ?? refusal}`,
  );
}

describe('dpkg', () => {
  const entry: Entry = { ecosystem: 'Debian:12', name: 'openssl', nameOf: 'source', ranges: upTo('3.0.15-1') };
  it('goes by the source package and its version', () => {
    const libssl = samplePackage({
      name: 'libssl3',
      version: '3.0.15-1+b2',
      source: { name: 'openssl', version: '3.0.14-1' },
    });
    expect(judged(libssl, DEBIAN, entry)).toEqual(['3.0.14-1: inside']);
    const same = { ...libssl, source: { name: 'openssl', version: null } };
    expect(judged(same, DEBIAN, entry)).toEqual(['3.0.15-1: outside']);
    expect(judged(samplePackage({ name: 'openssl', version: '3.0.14-1+b1' }), DEBIAN, entry)).toEqual([
      '3.0.14-1: inside',
    ]);
  });

  it('goes by the binary package only where the advisory does', () => {
    const item = samplePackage({ name: 'openssl', version: '1', source: { name: 'other', version: '9' } });
    expect(judged(item, DEBIAN, entry)).toEqual([]);
    expect(judged(item, DEBIAN, { ...entry, nameOf: 'binary' })).toEqual(['1: inside']);
  });
});

describe('support channels of Ubuntu', () => {
  const UBUNTU = on('ubuntu', '16.04');
  const entry = (channel: string | null, fixed: string): Entry => {
    return { ecosystem: 'Ubuntu:16.04', name: 'n', nameOf: 'source', channel, ranges: upTo(fixed) };
  };
  const item = (version: string) => samplePackage({ name: 'n', version });
  it('everybody’s entry goes first, and the extended ones are heard where there is none', () => {
    expect(judged(item('1.1'), UBUNTU, entry(null, '1.1'), entry('esm-infra', '1.2+esm1'))).toEqual([
      '1.1: outside',
      '1.1: for the channel esm-infra only',
    ]);
    expect(judged(item('1.1'), UBUNTU, entry('esm-infra', '1.2+esm1'))).toEqual(['1.1: inside']);
    expect(judged(item('1.1'), UBUNTU, entry('fips', '1.2+fips1'))).toEqual(['1.1: for the channel fips only']);
  });

  it('a version of a channel is judged by that channel', () => {
    expect(judged(item('1.1+esm1'), UBUNTU, entry(null, '2.0'), entry('esm-infra', '1.1+esm1'))).toEqual([
      '1.1+esm1: for the public channel, not that of 1.1+esm1',
      '1.1+esm1: outside',
    ]);
  });
});

describe('rpm', () => {
  const ALMA = on('almalinux', '8');
  const item = (facts: Partial<ReportPackage> & Pick<ReportPackage, 'name' | 'version'>) =>
    samplePackage({ type: 'rpm', arch: 'x86_64', ...facts });
  const entry = (name: string, fixed: string, more: Partial<Entry> = {}): Entry => {
    return { ecosystem: 'AlmaLinux:8', name, nameOf: 'binary', ranges: upTo(fixed), ...more };
  };

  it('binary names with their epoch, which is 0 where none stands', () => {
    expect(judged(item({ name: 'bind', version: '32:9.11-1' }), ALMA, entry('bind', '32:9.11-2'))).toEqual([
      '32:9.11-1: inside',
    ]);
    expect(judged(item({ name: 'bind', version: '9.11-1' }), ALMA, entry('bind', '1:9.0-1'))).toEqual([
      '9.11-1: inside',
    ]);
  });

  it('source names without any epoch', () => {
    const errno = item({
      name: 'perl-Errno',
      version: '0:1.28-419.el8',
      source: { name: 'perl', version: '5.26.3-419.el8' },
    });
    const perl = entry('perl', '4:5.26.3-416.el8', { nameOf: 'source' });
    expect(judged(errno, ALMA, perl)).toEqual(['5.26.3-419.el8: outside']);
    expect(judged(errno, ALMA, { ...perl, ranges: upTo('4:5.26.3-420.el8') })).toEqual(['5.26.3-419.el8: inside']);
  });

  it('modules', () => {
    const fixed = '1:14-1.module_el8.5.0+1+a';
    const plain = item({ name: 'nodejs', version: '1:10-1.el8' });
    const node12 = item({ name: 'nodejs', version: '1:12-1.module_el8.2.0+1+b', modularity: 'nodejs:12:8030:ctx' });
    const of = (module: string | null) => entry('nodejs', fixed, { module });
    expect(judged(plain, ALMA, of('nodejs:14'))).toEqual(['1:10-1.el8: for the module nodejs:14 only']);
    expect(judged(node12, ALMA, of('nodejs:14'))).toEqual([`${node12.version}: for the module nodejs:14 only`]);
    expect(judged(node12, ALMA, of('nodejs:12'))).toEqual([`${node12.version}: inside`]);
    expect(judged(node12, ALMA, of(null))).toEqual([`${node12.version}: inside`]);
    expect(judged(node12, ALMA, entry('nodejs', '1:14-1.el8'))).toEqual([
      `${node12.version}: not for packages of a module`,
    ]);
  });

  it('builds of one fix for several minor releases: one of them is enough', () => {
    const builds = ['7.4.19-4.module_el8.6.0+3238+624bf8b8', '7.4.19-4.module_el8.6.0+3239+bedf0508'];
    const of = (fixed: string, module = 'php:7.4') => entry('php', fixed, { module });
    const php = (version: string) => item({ name: 'php', version, modularity: 'php:7.4:8060' });
    const both = (version: string) => judged(php(version), ALMA, of(builds[0]!), of(builds[1]!));
    expect(both(builds[0]!)).toEqual([
      `${builds[0]}: outside`,
      `${builds[0]}: another build of the fix that is installed`,
    ]);
    expect(both(builds[1]!)).toEqual([`${builds[1]}: outside`, `${builds[1]}: outside`]);
    const older = '7.4.19-4.module_el8.5.0+1+624bf8b8';
    expect(both(older)).toEqual([`${older}: inside`, `${older}: inside`]);
    // Another release is another fix; another module is nobody's business.
    const [first = ''] = builds;
    expect(judged(php(first), ALMA, of(first), of('7.4.19-5.module_el8.6.0+1+1'))).toEqual([
      `${first}: outside`,
      `${first}: inside`,
    ]);
    expect(judged(php(first), ALMA, of(first), entry('php', builds[1]!))).toEqual([
      `${first}: outside`,
      `${first}: inside`,
    ]);
    const begun = {
      ...of(first),
      ranges: [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '8' }, { fixed: first }] }],
    };
    expect(judged(php(first), ALMA, begun, of(builds[1]!))[1]).toBe(`${first}: inside`);
  });

  it('architectures', () => {
    const bash = item({ name: 'bash', version: '1-1' });
    expect(judged(bash, ALMA, entry('bash', '2-1', { architectures: ['aarch64'] }))).toEqual(['1-1: for aarch64 only']);
    expect(judged(bash, ALMA, entry('bash', '2-1', { architectures: ['x86_64'] }))).toEqual(['1-1: inside']);
  });

  it('content sets of Red Hat', () => {
    const bash = item({ name: 'bash', version: '1-1' });
    const red = (channel: string | null, ...contentSets: string[]): Entry => ({ ...red9(...contentSets), channel });
    const main = ['rhel-9-for-x86_64-baseos-rpms', 'rhel-9-for-x86_64-appstream-rpms'];
    const eus = ['rhel-9-for-x86_64-baseos-eus-rpms'];
    const states = (sets: string[], entry: Entry) => judged(bash, on('rhel', '9.2', sets), entry)[0];
    expect(states(main, red(null, 'enterprise_linux:9::baseos'))).toBe('1-1: inside');
    expect(states(main, red(null, 'enterprise_linux:9::crb'))).toContain("none of the image's content sets");
    expect(states(main, red('eus', 'rhel_eus:9.2::baseos'))).toContain('for the eus stream');
    expect(states(eus, red('eus', 'rhel_eus:9.2::baseos'))).toBe('1-1: inside');
    expect(states(eus, red(null, 'enterprise_linux:9::baseos'))).toContain('for the main stream');
    expect(states([], red('eus', 'rhel_eus:9.2::baseos'))).toContain('names no content sets');
    expect(states([], red(null, 'enterprise_linux:9::baseos'))).toBe('1-1: inside');
  });

  it('content sets with a release behind them, and CPEs in their place', () => {
    const bash = item({ name: 'bash', version: '1-1' });
    const red = (channel: string | null, ...contentSets: string[]): Entry => ({ ...red9(...contentSets), channel });
    const state = (set: string, entry: Entry) => judged(bash, on('rhel', '9.2', [set]), entry)[0];
    const main = red(null, 'rhel-9-for-x86_64-baseos-rpms');
    const eus = red('eus', 'rhel-9-for-x86_64-baseos-eus-rpms');
    expect(state('rhel-9-for-x86_64-baseos-rpms__9', main)).toBe('1-1: inside');
    expect(state('rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2', eus)).toBe('1-1: inside');
    expect(state('rhel-9-for-x86_64-appstream-rpms__9', main)).toContain("none of the image's content sets");
    // The product of an image says its stream; what else is in it, nobody.
    const ubi = 'cpe:/a:redhat:enterprise_linux:9::appstream';
    expect(state(ubi, red(null, 'enterprise_linux:9::baseos'))).toBe('1-1: inside');
    expect(state(ubi, red('eus', 'rhel_eus:9.2::baseos'))).toContain('names no content sets');
    expect(state('cpe:/o:redhat:rhel_eus:9.2::baseos', red('eus', 'rhel_eus:9.2::baseos'))).toBe('1-1: inside');
    const [statement] = statementsOn(bash, on('rhel', '9.2', [ubi]), () => [
      advisory({ id: 'A', affected: [affectedPackage(main)] }),
    ]);
    expect(statement!.doubts).toEqual([{ confidence: 'low', reason: 'the image names no content sets' }]);
  });

  it('content sets of another layer, where that of the package says nothing', () => {
    const bash = item({ name: 'bash', version: '1-1', layer: 0 });
    const image = on('rhel', '9.2');
    const [base] = image.layers;
    const above = { ...base!, index: 1, contentSets: ['rhel-9-for-x86_64-appstream-rpms'] };
    const inLayer = (...contentSets: string[]) =>
      judged(bash, { ...image, layers: [{ ...base!, contentSets }, above] }, red9('enterprise_linux:9::baseos'))[0];
    expect(inLayer()).toContain("none of the image's content sets");
    expect(inLayer('rhel-9-for-x86_64-baseos-rpms')).toBe('1-1: inside');
    expect(inLayer('cpe:/a:redhat:enterprise_linux:9::appstream')).toBe('1-1: inside');
  });

  it('the extended life cycle of Red Hat is heard where nobody else speaks', () => {
    const bind = item({ name: 'bind', version: '9-1.el6' });
    const red = (channel: string | null, fixed: string): Entry => {
      return { ecosystem: 'Red Hat:6', name: 'bind', nameOf: 'binary', channel, ranges: upTo(fixed) };
    };
    for (const sets of [[], ['rhel-6-server-rpms']]) {
      const image = on('rhel', '6.10', sets);
      expect(judged(bind, image, red('els', '9-2.el6_10'))).toEqual(['9-1.el6: inside']);
      expect(judged(bind, image, red(null, '9-1.el6'), red('els', '9-2.el6_10'))).toEqual([
        '9-1.el6: outside',
        expect.stringMatching(/for the (?:els stream|stream els)/),
      ]);
      expect(judged(bind, image, red('els', '9-2.el6_10'), red('eus', '9-2.el6_9'))[0]).toBe('9-1.el6: inside');
    }
    const els = on('rhel', '6.10', ['rhel-6-server-els-rpms']);
    expect(judged(bind, els, red('els', '9-1.el6'))).toEqual(['9-1.el6: outside']);
  });
});

describe('what a distribution built again, by the advisories of the one that it rebuilds', () => {
  const CENTOS = on('centos', '8');
  const ruby = (version: string) => samplePackage({ type: 'rpm', arch: 'x86_64', name: 'ruby', version });
  const fixed = (version: string): Entry => {
    return { ecosystem: 'Red Hat:8', name: 'ruby', nameOf: 'binary', ranges: upTo(version) };
  };
  it('numbers of module builds do not count, releases do', () => {
    const fix = fixed('2.5.9-110.module+el8.6.0+15956+aa803fc1');
    const same = '2.5.9-110.module_el8.6.0+1187+541216eb';
    expect(judged(ruby(same), CENTOS, fix)).toEqual([`${same}: outside`]);
    expect(judged(ruby(same), on('rhel', '8'), fix)).toEqual([`${same}: inside`]);
    const older = '2.5.9-109.module_el8.6.0+9999+541216eb';
    expect(judged(ruby(older), CENTOS, fix)).toEqual([`${older}: inside`]);
  });

  it('packages of Raspbian hold what Debian fixed only where their version says so', () => {
    const of = (version: string) => samplePackage({ name: 'gcc-8', version });
    const fix: Entry = { ecosystem: 'Debian:10', name: 'gcc-8', nameOf: 'source', ranges: upTo('8.3.0-6+deb10u1') };
    expect(judged(of('8.3.0-6+rpi1'), on('raspbian', '10'), fix)).toEqual(['8.3.0-6+rpi1: inside']);
    expect(judged(of('8.3.0-6+rpi1+deb10u1'), on('raspbian', '10'), fix)).toEqual(['8.3.0-6+rpi1+deb10u1: outside']);
    expect(judged(of('8.3.0-6+rpi1'), on('debian', '10'), fix)).toEqual(['8.3.0-6+rpi1: outside']);
  });
});

it('apk: the origin, and the name where it is another', () => {
  const item = samplePackage({
    type: 'apk',
    name: 'libcrypto3',
    version: '3.1.0-r0',
    source: { name: 'openssl', version: null },
    origin: 'openssl',
  });
  const entry = (name: string): Entry => ({
    ecosystem: 'Alpine:v3.18',
    name,
    nameOf: 'source',
    ranges: upTo('3.1.1-r0'),
  });
  expect(judged(item, on('alpine', '3.18.0'), entry('openssl'), entry('libcrypto3'))).toEqual([
    '3.1.0-r0: inside',
    '3.1.0-r0: inside',
  ]);
});

it('languages: the name as its registry spells it', () => {
  const item = samplePackage({ type: 'pypi', name: 'Foo_Bar', version: '1.0', arch: null });
  expect(judged(item, DEBIAN, { ecosystem: 'PyPI', name: 'foo-bar', ranges: upTo('1.1') })).toEqual(['1.0: inside']);
});

it('withdrawn records say nothing', () => {
  const affected = [affectedPackage({ ecosystem: 'npm', name: 'n' })];
  const lookup = () => [advisory({ id: 'A', withdrawn: '2024-01-01T00:00:00Z', affected })];
  expect(statementsOn(samplePackage({ type: 'npm', name: 'n', version: '1' }), DEBIAN, lookup)).toEqual([]);
});
