import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../services/domain/report/report.ts';
import { scan } from '../support/scan.ts';

/*
 * A real Debian, installed by mmdebstrap and packed by umoci and skopeo, against dpkg-query on the unpacked tree: a base
 * layer, a layer that installs by dpkg, a layer that removes a package and deletes files.
 */

const TOOLS = ['mmdebstrap', 'umoci', 'skopeo', 'dpkg-query'];
const missing = [
  ...TOOLS.filter((tool) => spawnSync('which', [tool]).status !== 0),
  ...(existsSync('/usr/share/keyrings/debian-archive-keyring.gpg') ? [] : ['debian-archive-keyring']),
  ...(process.getuid?.() === 0 ? [] : ['root']),
];
const title = missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`;

describe.skipIf(missing.length > 0)(`an image of real Debian packages equals dpkg-query${title}`, () => {
  const work = mkdtempSync(join(tmpdir(), 'plimsoll-debian-'));
  const run = (tool: string, ...args: string[]): string =>
    execFileSync(tool, args, { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 << 20 });
  const rootfs = join(work, 'bundle/rootfs');
  let expected: string[] = [];

  beforeAll(() => {
    run('mmdebstrap', '--quiet', '--variant=essential', 'bookworm', 'base.tar');
    run('umoci', 'init', '--layout', 'layout');
    run('umoci', 'new', '--image', 'layout:base');
    run('umoci', 'unpack', '--image', 'layout:base', 'bundle');
    run('tar', '-C', rootfs, '-xf', 'base.tar');
    run(
      'umoci',
      'repack',
      '--image',
      'layout:base',
      '--history.created_by',
      'ADD base.tar /',
      '--refresh-bundle',
      'bundle',
    );
    // Installed and removed by dpkg itself, inside the tree; package scripts are not run.
    run('apt-get', 'download', 'hostname', 'less');
    run(
      'sh',
      '-c',
      `dpkg --force-all --force-script-chrootless --log=/dev/null --root=${rootfs} --unpack ./less_*.deb`,
    );
    run(
      'umoci',
      'repack',
      '--image',
      'layout:tools',
      '--history.created_by',
      'RUN dpkg -i less',
      '--refresh-bundle',
      'bundle',
    );
    run('dpkg', '--force-all', '--force-script-chrootless', '--log=/dev/null', `--root=${rootfs}`, '--remove', 'less');
    run('rm', '-rf', join(rootfs, 'usr/share/doc'));
    run(
      'umoci',
      'repack',
      '--image',
      'layout:final',
      '--history.created_by',
      'RUN dpkg -r less',
      '--refresh-bundle',
      'bundle',
    );
    run('skopeo', 'copy', '-q', 'oci:layout:final', 'docker-archive:image.tar:debian/test:1');
    expected = dpkgQuery(rootfs);
  });

  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('has enough packages to mean something', () => expect(expected.length).toBeGreaterThan(50));

  it.each(['oci-dir:layout:final', 'docker-archive:image.tar', 'rootfs:bundle/rootfs'])('%s', async (target) => {
    const [kind, path] = target.split(/:(.*)/s);
    const report = await scan(`${kind}:${join(work, path!)}`);
    expect(packageLines(report)).toEqual(expected);
    expect(report.completeness).toMatchObject({ status: 'complete', gaps: [] });
    expect(report.image.os).toMatchObject({ id: 'debian', versionId: '12' });
  });

  it('attributes a package to the layer that unpacked it', async () => {
    const report = await scan(`oci-dir:${join(work, 'layout:tools')}`);
    const less = report.packages.find(({ name }) => name === 'less');
    expect(less?.layer).toBe(1);
    expect(report.image.layers[1]?.instruction).toBe('RUN dpkg -i less');
    expect(report.packages.find(({ name }) => name === 'dpkg')?.layer).toBe(0);
  });

  it('was really repacked by the tools', () => expect(existsSync(join(work, 'image.tar'))).toBe(true));
});

/** name, version, architecture, source, source version; as dpkg-query prints what is installed. */
function dpkgQuery(root: string): string[] {
  const format = `${['db:Status-Status', 'Package', 'Version', 'Architecture', 'source:Package', 'source:Version']
    .map((field) => `\${${field}}`)
    .join('\\t')}\\n`;
  const out = execFileSync('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, '-W', '-f', format], { encoding: 'utf8' });
  return out
    .split('\n')
    .filter((line) => line !== '' && !/^(?:not-installed|config-files)\t/.test(line))
    .map((line) => line.slice(line.indexOf('\t') + 1))
    .sort();
}

function packageLines({ packages }: Report): string[] {
  return packages
    .map(({ name, version, arch, source }) =>
      [name, version, arch, source?.name ?? name, source?.version ?? version].join('\t'),
    )
    .sort();
}
