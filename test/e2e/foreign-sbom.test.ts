import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { renderDocument } from '../../services/cli/render-document.ts';
import type { Report, ReportPackage } from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { scan, scratch } from '../support/scan.ts';
import { IMAGE_FIXTURES } from '../support/scan-fixture.ts';
import { findGoTool } from '../tools/go-tools.ts';

/**
 * What the real Trivy and Syft write of an image, read in, against our own scan of it: the same packages. Where a field
 * differs a row says why; a row that nothing needs fails too.
 */

const IMAGES = ['trivy_alpine-310', 'debian12-local', 'rpm-mariner2-local', 'snyk-docker-plugin_pnpmlockv9'];
const FIELDS = [
  'source',
  'epoch',
  'modularity',
  'origin',
  'vendor',
  'licenses',
  'layer',
  'paths',
  'dependsOn',
] as const;

interface Row {
  readonly tool: 'trivy' | 'syft';
  /** Absent: all of its formats, all images. */
  readonly formats?: readonly string[];
  readonly images?: readonly string[];
  readonly field: (typeof FIELDS)[number];
  readonly reason: string;
}

const ROWS: readonly Row[] = [
  ...(['trivy', 'syft'] as const).flatMap((tool): Row[] => [
    { tool, field: 'dependsOn', reason: 'an SBOM says which package is needed, not by what expression' },
    { tool, field: 'licenses', reason: 'rewritten as SPDX identifiers; of Debian read from copyright files' },
  ]),
  { tool: 'trivy', field: 'paths', reason: 'no paths of packages of a distribution' },
  {
    tool: 'syft',
    field: 'paths',
    images: ['debian12-local'],
    reason: 'all files that it used, not the database alone',
  },
  { tool: 'syft', field: 'layer', reason: 'the image and its layers are not listed, so that the digest leads nowhere' },
  {
    tool: 'trivy',
    formats: ['spdx'],
    field: 'layer',
    reason: 'this form has no annotations, where the others have layers',
  },
  {
    tool: 'trivy',
    formats: ['cyclonedx', 'spdx-json'],
    images: ['rpm-mariner2-local'],
    field: 'layer',
    reason:
      'it names the first layer with this name, version and release, although a later one installed the package again',
  },
];

/** Packages that only one side has. */
const ONE_SIDED: readonly { tool: Row['tool']; image: string; side: 'own' | 'theirs'; type: string; reason: string }[] =
  [
    {
      tool: 'trivy',
      image: 'debian12-local',
      side: 'own',
      type: 'pypi',
      reason: 'hides what a package of Debian owns',
    },
    {
      tool: 'trivy',
      image: 'snyk-docker-plugin_pnpmlockv9',
      side: 'theirs',
      type: 'npm',
      reason: 'reads the package.json of the project itself, which is not installed',
    },
    {
      tool: 'syft',
      image: 'snyk-docker-plugin_pnpmlockv9',
      side: 'theirs',
      type: 'npm',
      reason: 'reads the package.json of the project itself, which is not installed',
    },
  ];

const place = scratch('foreign-sbom');
const used = new Set<unknown>();
let compared = 0;

const TOOLS = {
  trivy: { formats: ['cyclonedx', 'spdx-json', 'spdx'], write: writeTrivy },
  syft: { formats: ['cyclonedx-json', 'cyclonedx-xml', 'spdx-json', 'spdx-tag-value'], write: writeSyft },
} as const;

function writeTrivy(trivy: string, input: string, format: string, output: string): void {
  const args = ['image', '--input', input, '--format', format, '--output', output, '--cache-dir', join(place, 'cache')];
  execFileSync(trivy, [...args, '--quiet'], { env: {}, stdio: 'pipe', timeout: 120_000 });
}

function writeSyft(syft: string, input: string, format: string, output: string): void {
  const env = { HOME: place, SYFT_CHECK_FOR_APP_UPDATE: 'false' };
  const kind = input.endsWith('.tar') ? 'docker-archive' : 'oci-dir';
  execFileSync(syft, ['scan', `${kind}:${input}`, '--quiet', '--output', `${format}=${output}`], {
    env,
    stdio: 'pipe',
    timeout: 120_000,
  });
}

/** As both tools take it: Trivy reads no OCI layout in a tar, and none of them a compressed archive. */
function unpacked(name: string, archive: string): string {
  const plain = join(place, `${name}.tar`);
  if (archive.endsWith('.gz')) writeFileSync(plain, gunzipSync(readFileSync(archive)));
  else copyFileSync(archive, plain);
  const isLayout = execFileSync('tar', ['tf', plain], { encoding: 'utf8' })
    .split('\n')
    .some((path) => /^(\.\/)?oci-layout$/.test(path));
  if (!isLayout) return plain;
  const folder = join(place, name);
  mkdirSync(folder);
  execFileSync('tar', ['xf', plain, '-C', folder]);
  return folder;
}

const keyOf = ({ type, name, version, arch }: ReportPackage) => [type, name, version, arch].join(' ');

function differences(own: Report, theirs: Report, tool: Row['tool'], format: string, image: string): string[] {
  const ours = new Map(own.packages.filter(({ hiddenBy }) => hiddenBy === null).map((each) => [keyOf(each), each]));
  const read = new Map(theirs.packages.map((each) => [keyOf(each), each]));
  const oneSided = (side: 'own' | 'theirs', { type }: ReportPackage) => {
    const row = ONE_SIDED.find(
      (each) => each.tool === tool && each.image === image && each.side === side && each.type === type,
    );
    if (row !== undefined) used.add(row);
    return row === undefined;
  };
  const found = [
    ...[...ours.values()]
      .filter((each) => !read.has(keyOf(each)) && oneSided('own', each))
      .map((each) => `only ours: ${keyOf(each)}`),
    ...[...read.values()]
      .filter((each) => !ours.has(keyOf(each)) && oneSided('theirs', each))
      .map((each) => `only theirs: ${keyOf(each)}`),
  ];
  for (const [key, each] of ours) {
    const other = read.get(key);
    if (other === undefined) continue;
    compared += 1;
    for (const field of FIELDS) {
      if (JSON.stringify(each[field]) === JSON.stringify(other[field])) continue;
      const row = ROWS.find(
        (candidate) =>
          candidate.tool === tool &&
          candidate.field === field &&
          (candidate.formats?.includes(format) ?? true) &&
          (candidate.images?.includes(image) ?? true),
      );
      if (row === undefined)
        found.push(`${key}: ${field} ${JSON.stringify(each[field])}, theirs ${JSON.stringify(other[field])}`);
      used.add(row);
    }
  }
  return found;
}

const fixtures = IMAGE_FIXTURES.filter(({ name }) => IMAGES.includes(name));

describe.each(Object.keys(TOOLS) as (keyof typeof TOOLS)[])('SBOMs of %s', (tool) => {
  const path = findGoTool(tool);
  describe.each(fixtures.map(({ name, target }) => [name, target] as const))('of %s', (image, target) => {
    test.skipIf(path === null)('have the packages that our own scan finds', async () => {
      const own = JSON.parse(serializeReport(await scan(target))) as Report;
      const input = unpacked(`${tool}-${image}`, target);
      for (const format of TOOLS[tool].formats) {
        const sbom = join(place, `${tool}-${image}-${format}`);
        TOOLS[tool].write(path!, input, format, sbom);
        const theirs = JSON.parse(serializeReport(await scan(`sbom:${sbom}`))) as Report;
        expect(differences(own, theirs, tool, format, image)).toEqual([]);
        expect(theirs.image.os).toMatchObject({ id: own.image.os!.id, versionId: own.image.os!.versionId });
        expect(theirs.engines).toMatchObject([{ name: 'plimsoll' }, { name: tool }]);
        expect(theirs.completeness).toMatchObject({ status: 'complete', gaps: [] });
      }
    });
  });
});

describe.each(fixtures.map(({ name, target }) => [name, target] as const))('our SBOMs of %s', (image, target) => {
  const syft = findGoTool('syft');
  test.skipIf(syft === null)('are read by Syft: every package, and the distribution', async () => {
    const report = await scan(target);
    // Syft writes "+" as %2B, which means the same.
    const ours = report.packages.map(({ purl }) => decodeURIComponent(purl));
    for (const format of ['cyclonedx', 'spdx', 'spdx-tag-value'] as const) {
      const sbom = join(place, `ours-${image}-${format}`);
      writeFileSync(sbom, await renderDocument(report, format, { width: 80, colour: false }));
      const converted = execFileSync(syft!, ['convert', sbom, '--output', 'syft-json', '--quiet'], {
        env: { HOME: place, SYFT_CHECK_FOR_APP_UPDATE: 'false' },
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      });
      const { artifacts, distro } = JSON.parse(converted) as {
        artifacts: { purl: string }[];
        distro: { id: string; versionID: string };
      };
      const read = new Set(artifacts.map(({ purl }) => decodeURIComponent(purl)));
      expect(ours.filter((purl) => !read.has(purl))).toEqual([]);
      expect(distro).toMatchObject({ id: report.image.os!.id, versionID: report.image.os!.versionId });
    }
  });
});

afterAll(() => {
  if (compared === 0) return;
  const idle = [...ROWS, ...ONE_SIDED].filter((row) => findGoTool(row.tool) !== null && !used.has(row));
  expect(idle).toEqual([]);
  expect(compared).toBeGreaterThan(1_000);
});
