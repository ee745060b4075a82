import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseUnit } from '../../services/domain/packages/ecosystem.ts';
import { rpm } from '../../services/domain/packages/rpm/index.ts';
import { readContext } from '../support/read-context.ts';
import { buildRpmDatabase, type RpmPackage } from '../support/rpm-databases.ts';

/** The rpm tool as the judge: it reads what our writers wrote, and our readers read what it wrote. */

const HAS_RPM = spawnSync('rpm', ['--version']).status === 0;
const HAS_RPMBUILD = HAS_RPM && spawnSync('rpmbuild', ['--version']).status === 0;
const missing = (tool: string, has: boolean) => (has ? '' : ` (skipped: no ${tool} on this machine)`);

const QUERY =
  '%{NAME}|%{EVR}|%|ARCH?{%{ARCH}}:{}||%|SOURCERPM?{%{SOURCERPM}}:{}||%|VENDOR?{%{VENDOR}}:{}||[ %{FILENAMES}=%{FILEDIGESTS}]\\n';

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function queryAll(dbpath: string, backend: string): string[] {
  const out = run('rpm', '-qa', '--dbpath', dbpath, '--define', `_db_backend ${backend}`, '--qf', QUERY);
  return out.split('\n').filter(Boolean).sort();
}

function ours(dbpath: string): string[] {
  const files = readdirSync(dbpath)
    .map((name) => ({ path: `var/lib/rpm/${name}`, bytes: new Uint8Array(readFileSync(join(dbpath, name))) }))
    .filter(({ path }) => rpm.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array()) === 'whole');
  const { units } = rpm.readDatabase(files, readContext());
  expect(units.flatMap((unit) => unit.gaps)).toEqual([]);
  return units.flatMap(rows).sort();
}

function rows(unit: DatabaseUnit): string[] {
  const filesOf = new Map(unit.fileLists.map((list) => [list.package, list]));
  return unit.packages.map((record) => {
    const { name, version, arch, source, vendor } = record;
    const list = filesOf.get(`${name}-${version}${arch === null ? '' : `.${arch}`}`);
    const files = list?.paths.map((path, i) => ` /${path}=${list.digests?.[i]?.replace('sha256:', '') ?? ''}`) ?? [];
    const sourceRpm = source === null ? '' : `${source.name}-${source.version}.src.rpm`;
    return `${name}|${version}|${arch ?? ''}|${sourceRpm}|${vendor ?? ''}|${files.join('')}`;
  });
}

const SPEC = `
Name: tiny
Epoch: 3
Version: 1.2~rc1
Release: 4.el9
Summary: A package for a test
License: MIT
Vendor: Plimsoll
BuildArch: noarch
%description
Nothing.
%package extra
Summary: Another
%description extra
Nothing.
%install
mkdir -p %{buildroot}/opt/tiny/folder
for i in $(seq 300); do echo $i > %{buildroot}/opt/tiny/folder/file-$i; done
ln -s folder %{buildroot}/opt/tiny/link
%files
/opt/tiny/folder
%files extra
/opt/tiny/link
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-rpm-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!HAS_RPMBUILD)(`a database by the rpm tool${missing('rpmbuild', HAS_RPMBUILD)}`, () => {
  it('has the packages and files that rpm -qa names', () => {
    const dbpath = join(folder, 'sqlite');
    const topdir = join(folder, 'build');
    const backend = ['--define', '_db_backend sqlite'];
    mkdirSync(dbpath);
    mkdirSync(topdir);
    writeFileSync(join(folder, 'tiny.spec'), SPEC);
    run('rpmbuild', '-bb', '--quiet', '--define', `_topdir ${topdir}`, join(folder, 'tiny.spec'));
    const built = readdirSync(join(topdir, 'RPMS/noarch')).map((name) => join(topdir, 'RPMS/noarch', name));
    run('rpmdb', '--initdb', '--dbpath', dbpath, ...backend);
    run('rpm', '-i', '--justdb', '--nodeps', '--noscripts', '--dbpath', dbpath, ...backend, ...built);
    expect(queryAll(dbpath, 'sqlite')).toHaveLength(2);
    expect(ours(dbpath)).toEqual(queryAll(dbpath, 'sqlite'));
  });
});

describe.skipIf(!HAS_RPM)(`a database by our writer${missing('rpm', HAS_RPM)}`, () => {
  const packages: RpmPackage[] = Array.from({ length: 12 }, (_, i) => ({
    name: `package-${i}`,
    ...(i % 3 === 0 && { epoch: i }),
    version: `1.${i}`,
    release: '2',
    ...(i % 2 === 0 && { arch: 'noarch', vendor: 'Plimsoll', sourceRpm: `source-${i}-1.${i}-2.src.rpm` }),
    files: Object.fromEntries(Array.from({ length: i * 12 }, (_, k) => [`/opt/${i}/file-${k}`, 'cd'.repeat(32)])),
  }));

  it.each(['bdb-little', 'bdb-big'] as const)('in %s is read alike by rpm and by us', (format) => {
    const dbpath = join(folder, format);
    mkdirSync(dbpath);
    writeFileSync(join(dbpath, 'Packages'), buildRpmDatabase(format, packages, 512));
    expect(queryAll(dbpath, 'bdb_ro')).toHaveLength(packages.length);
    expect(ours(dbpath)).toEqual(queryAll(dbpath, 'bdb_ro'));
  });
});

describe.skipIf(!HAS_RPM)(`the order of versions${missing('rpm', HAS_RPM)}`, () => {
  it('is that of rpm.vercmp', () => {
    const parts = [
      '0',
      '1',
      '01',
      '10',
      '1a',
      'a',
      '1~',
      '1~rc',
      '1^',
      '1^git',
      '1.0',
      '1..',
      '.',
      '2_',
      ':1',
      '1:',
      '-',
    ];
    const labels = [...parts, ...parts.map((part) => `1:${part}`), ...parts.map((part) => `1.0-${part}`)];
    const list = labels.map((label) => `'${label}'`).join(',');
    const script = `local l={${list}} local t={} for i=1,#l do for j=1,#l do t[#t+1]=rpm.vercmp(l[i],l[j]) end end print(table.concat(t,' '))`;
    const theirs = run('rpm', '--eval', `%{lua:${script}}`).trim().split(' ').map(Number);
    const answers = labels.flatMap((a) => labels.map((b) => [a, b, rpm.compare(a, b)]));
    expect(answers).toEqual(answers.map(([a, b], i) => [a, b, theirs[i]]));
  });
});
