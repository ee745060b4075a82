import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { GapCode } from '../../services/domain/completeness.ts';
import { spdxLicense } from '../../services/domain/packages/license-names.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { HAS_SHARED_DATA } from '../support/repository.ts';
import { filesOfFixture, IMAGE_FIXTURES, type ImageFixture, scanFixture } from '../support/scan-fixture.ts';

/*
 * Real images, as docker save, containerd, Kaniko and OCI tools wrote them, through the whole scan: packages against
 * lists that the distributions' own tools made, files against the flattened tree.
 */

const having = (
  list: Parameters<ImageFixture['expected']>[0],
): { name: string; fixture: ImageFixture; rows: string[][] }[] =>
  IMAGE_FIXTURES.flatMap((fixture) => {
    const rows = fixture.expected(list);
    return rows === null ? [] : [{ name: fixture.name, fixture, rows: rows.map((row) => [...row]) }];
  });
const named = (name: string): ImageFixture => IMAGE_FIXTURES.find((fixture) => fixture.name === name)!;
const scanned = async ({ target }: ImageFixture): Promise<Report> => (await scanFixture(target))[0]!;
const typed = async (fixture: ImageFixture, type: string) =>
  (await scanned(fixture)).packages.filter((each) => each.type === type);
const lines = (rows: readonly (readonly (string | number | null)[])[]): string[] =>
  rows.map((row) => row.join('\t')).sort();

/**
 * What the scan rightly says beside the packages. The archives were thinned by whoever published them: layers no longer
 * have the diff_ids that their configs name.
 */
const GAPS: Readonly<Record<string, { readonly codes: readonly GapCode[]; readonly reason: string }>> = {
  'snyk-docker-plugin_dockergoof': {
    codes: ['history-misaligned', 'layer-diffid-mismatch'],
    reason: 'layers were thinned and joined; the config is the original one',
  },
  'snyk-docker-plugin_busybox-single-arch-with-attestation-manifest': {
    codes: ['attestation-skipped', 'no-packages'],
    reason: 'an attestation lies beside the image; BusyBox has no package database',
  },
  'snyk-docker-plugin_busybox.amd64': {
    codes: ['attestation-skipped', 'no-packages'],
    reason: 'attestations of the whole index are kept; BusyBox has no package database',
  },
  'snyk-docker-plugin_java': {
    codes: ['package-file-unparsable'],
    reason: 'one of the archives is an empty file',
  },
};

/** Trivy's list was made from an earlier push of alpine:3.10 than the archive that stands beside it. */
const LATER_BUILDS: Readonly<Record<string, string>> = {
  busybox: '1.30.1-r3',
  'libcrypto1.1': '1.1.1d-r2',
  'libssl1.1': '1.1.1d-r2',
  ssl_client: '1.30.1-r3',
};

describe.skipIf(!HAS_SHARED_DATA)('real images (shared data is not on this machine where this is skipped)', () => {
  test.each(having('apk'))('$name: apk packages', async ({ fixture, rows }) => {
    const packages = await typed(fixture, 'apk');
    const ours = packages.map(({ name, version, arch, origin, licenses }) => [
      name,
      version,
      arch,
      origin,
      licenses.join(' AND '),
    ]);
    // The list has licences as the database states them; this report has them as SPDX where they are that.
    const expected = rows.map((row) => row.with(4, spdxLicense(row[4]!)));
    expect(lines(ours)).toEqual(lines(expected));
  });

  test.each(having('dpkg'))('$name: dpkg packages', async ({ fixture, rows }) => {
    const packages = await typed(fixture, 'deb');
    const ours = packages.map(({ name, version, arch, source }) => [
      name,
      version,
      arch,
      source?.name ?? name,
      source?.version ?? version,
    ]);
    const wanted = rows.map(([name, ...rest]) => [name!.split(':')[0]!, ...rest.slice(0, 4)]);
    expect(lines(ours)).toEqual(lines(wanted));
  });

  test.each(having('rpm'))('$name: rpm packages', async ({ fixture, rows }) => {
    const packages = await typed(fixture, 'rpm');
    const ours = packages.map(({ name, version, arch, source, modularity, vendor }) => {
      const sourceRpm = source === null ? '' : `${source.name}-${source.version}.src.rpm`;
      return [name, version, arch, sourceRpm, modularity, vendor];
    });
    const wanted = rows
      .filter(([name]) => name !== 'gpg-pubkey')
      .map(([name, epoch, version, release, ...rest]) => [
        name!,
        `${epoch === '' ? '' : `${epoch}:`}${version}-${release}`,
        ...rest,
      ]);
    expect(lines(ours)).toEqual(lines(wanted));
  });

  test.each(having('files'))('$name: flattened files', async ({ fixture, rows }) => {
    const found = new Map((await filesOfFixture(fixture.target)).map((file) => [file.path, file]));
    const ours = [...found.values()].filter(({ type }) => type === 'file' || type === 'hardlink' || type === 'symlink');
    expect(ours.map(({ path }) => path).sort()).toEqual(rows.map(([path]) => path!).sort());
    for (const [path, size, detail] of rows) {
      const file = found.get(path!)!;
      if (size === 'link') expect(`->${file.target}`, path).toBe(detail);
      else if (file.type === 'file') expect(String(file.size), path).toBe(size);
      if (file.sha256 !== null) expect(file.sha256, path).toBe(detail);
    }
  });

  test.each(IMAGE_FIXTURES)('$name: what was not seen', async (fixture) => {
    const { completeness, packages } = await scanned(fixture);
    const codes = [...new Set(completeness.gaps.map(({ code }) => code))].sort();
    expect(codes).toEqual(GAPS[fixture.name]?.codes ?? (packages.length === 0 ? ['no-packages'] : []));
    expect(completeness.layersRead).toBe(completeness.layersTotal);
  });

  test('every row of the differences is used', () => {
    expect(Object.keys(GAPS).filter((name) => named(name) === undefined)).toEqual([]);
  });

  test('Debian in three layers: each package with the layer that brought it', async () => {
    const { packages, image } = await scanned(named('debian12-local'));
    const layerOf = new Map(packages.map(({ name, layer }) => [name, layer]));
    expect(layerOf.get('git')).toBe(1);
    expect(layerOf.get('nginx-light')).toBe(1);
    expect(layerOf.get('bash')).toBe(0);
    expect(layerOf.has('less')).toBe(false);
    expect(image.layers.map(({ instruction }) => instruction)).toEqual([
      'mmdebstrap bookworm minbase (thinned)',
      'apt-get install git nginx-light',
      'apt-get remove less',
    ]);
  });

  test("Alpine 3.10: Trivy's own golden list", async () => {
    const golden = JSON.parse(named('trivy_alpine-310').file('project-expected-packages.json')) as {
      Name: string;
      Version: string;
      Arch: string;
      SrcName: string;
    }[];
    const { packages } = await scanned(named('trivy_alpine-310'));
    const ours = packages.map(({ name, version, arch, origin }) => [name, version, arch, origin]);
    const theirs = golden.map(({ Name, Version, Arch, SrcName }) => [
      Name,
      LATER_BUILDS[Name] ?? Version,
      Arch,
      SrcName,
    ]);
    expect(lines(ours)).toEqual(lines(theirs));
    expect(golden.filter(({ Name, Version }) => LATER_BUILDS[Name] === Version)).toEqual([]);
  });

  test('the same image gives the same bytes, apart from when and how fast', async () => {
    const digest = (report: Report): string => createHash('sha256').update(JSON.stringify(report)).digest('hex');
    expect(digest(await scanned(named('snyk-docker-plugin_alpine')))).toBe(
      digest(await scanned(named('snyk-docker-plugin_alpine'))),
    );
  });
});
