import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderDocument } from '../../services/cli/render-document.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { fakeRegistry } from '../support/fake-registry.ts';
import { buildImage, descriptorOf, json, MEDIA_TYPES, sha256 } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { gapCodes as allGapCodes, packagesOf } from '../support/outcome.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { registriesFor } from '../support/registries.ts';
import { cdx, library, readText, spdx, spdxPackage } from '../support/sboms.ts';
import { ociTarget, runCommand, type ScanChanges, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';

/** SBOMs that BuildKit attests beside an image: unsigned, so that they are listed, and used only where somebody asks. */

const place = scratch('attested');
const reader = WITHOUT_THREADS;
const image = await buildImage({
  layers: [
    {
      entries: [
        file('etc/os-release', OS_RELEASE.debian),
        file('var/lib/dpkg/status', dpkgStatus([{ name: 'openssl', version: '3.0.11-1' }])),
        file('srv/node_modules/a/package.json', '{"name":"a","version":"1"}'),
      ],
    },
  ],
});

const SPDX = 'https://spdx.dev/Document';
const CYCLONEDX = 'https://cyclonedx.org/bom/v1.6';
const spdxOf = (...names: string[]) => JSON.parse(spdx({ packages: names.map((name) => spdxPackage(name)) })) as object;
const statement = (predicateType: string, predicate: unknown): string =>
  JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', subject: [], predicateType, predicate });

interface Attestation {
  readonly statements?: readonly (readonly [predicateType: string, text: string])[];
  /** Instead of a manifest of these. */
  readonly manifest?: Buffer;
  /** The image that it says it speaks of. */
  readonly subject?: string | null;
  readonly missing?: boolean;
}

/** An index of the image and its attestation, as docker buildx writes it. */
function attested({ statements = [], manifest, subject = image.manifestDigest }: Attestation) {
  const blobs = statements.map(([, text]) => Buffer.from(text));
  const layers = statements.map(([predicateType], i) => ({
    mediaType: 'application/vnd.in-toto+json',
    digest: sha256(blobs[i]!),
    size: blobs[i]!.length,
    annotations: { 'in-toto.io/predicate-type': predicateType },
  }));
  const config = json({ architecture: 'unknown', os: 'unknown' });
  const written =
    manifest ??
    json({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.manifest,
      config: { mediaType: MEDIA_TYPES.config, digest: sha256(config), size: config.length },
      layers,
    });
  const attestation = {
    mediaType: MEDIA_TYPES.manifest,
    digest: sha256(written),
    size: written.length,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      ...(subject !== null && { 'vnd.docker.reference.digest': subject }),
    },
  };
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: [descriptorOf(image), attestation] };
  return { index, written, blobs };
}

function attestedBy(attestation: Attestation): string {
  const { index, written, blobs } = attested(attestation);
  return ociTarget(place, image, index, attestation.missing ? blobs : [written, ...blobs]);
}

const unused = (attestation: Attestation) => scan(attestedBy(attestation), { reader });
const used = (attestation: Attestation, changes: ScanChanges = {}) =>
  scan(attestedBy(attestation), { reader, useSboms: true, ...changes });
/** VEX is looked for in the same manifests. */
const gapCodes = (report: Report) => allGapCodes(report).filter((code) => code !== 'vex-unreadable');
const sbomsOf = ({ findings }: Report) => findings.filter(({ kind }) => kind === 'sbom');

describe('an attested SBOM', () => {
  const both = {
    statements: [
      [SPDX, statement(SPDX, spdxOf('a', 'b'))],
      ['https://slsa.dev/provenance/v0.2', statement('https://slsa.dev/provenance/v0.2', {})],
      [CYCLONEDX, statement(CYCLONEDX, JSON.parse(cdx({ components: [library('b'), library('c')] })))],
    ],
  } as const;

  test('is listed, and nothing else comes of it', async () => {
    const report = await unused(both);
    const listed = [
      { format: 'spdx-json', predicateType: SPDX },
      { format: 'cyclonedx-json', predicateType: CYCLONEDX },
    ].map((each) => ({
      ...each,
      kind: 'sbom',
      id: expect.stringMatching(/^sha256:/),
      digest: expect.stringMatching(/^sha256:/),
      attestation: expect.stringMatching(/^sha256:/),
      path: null,
      layer: null,
      specVersion: null,
      entries: null,
      used: false,
      verified: false,
    }));
    expect(sbomsOf(report)).toEqual(listed);
    expect(packagesOf(report)).toEqual(['openssl 3.0.11-1', 'a 1']);
    expect(gapCodes(report)).toEqual(['attestation-skipped']);
  });

  test('is used where that is asked for, each package once, of no layer', async () => {
    const report = await used(both);
    expect(report.completeness.status).toBe('complete');
    expect(report.packages.map(({ name, layer, paths, foundBy }) => [name, layer, paths.length, foundBy])).toEqual([
      ['openssl', 0, 1, ['plimsoll']],
      ['a', 0, 1, ['plimsoll', 'sbom']],
      ['b', null, 0, ['sbom']],
      ['c', null, 0, ['sbom']],
    ]);
    expect(sbomsOf(report)).toMatchObject([
      { used: true, verified: false, specVersion: '2.3' },
      { used: true, verified: false, specVersion: '1.6' },
    ]);
    for (const format of ['cyclonedx', 'spdx', 'spdx-tag-value', 'json'] as const) {
      const path = join(place, `trip.${format}`);
      writeFileSync(path, await renderDocument(report, format, { width: 80, colour: false }));
      const kept = (each: Report) => {
        const { packages, findings, completeness } = JSON.parse(serializeReport(each)) as Report;
        return { packages, findings, gaps: completeness.gaps };
      };
      expect(kept(await scan(`sbom:${path}`))).toEqual(kept(report));
    }
  });

  test('of another image says nothing of this one; of none said, it may be of this', async () => {
    const other = { ...both, subject: `sha256:${'0'.repeat(64)}` };
    expect(sbomsOf(await used(other))).toEqual([]);
    expect(packagesOf(await used(other))).toEqual(['openssl 3.0.11-1', 'a 1']);
    expect(sbomsOf(await used({ ...both, subject: null }))).toHaveLength(2);
  });

  test('in a registry', async () => {
    const { index, written, blobs } = attested(both);
    const registry = await fakeRegistry();
    registry.push('app:image', image);
    registry.manifests.set('app/1', { bytes: json(index), mediaType: MEDIA_TYPES.index });
    registry.manifests.set(`app/${sha256(json(index))}`, { bytes: json(index), mediaType: MEDIA_TYPES.index });
    registry.manifests.set(`app/${sha256(written)}`, { bytes: written, mediaType: MEDIA_TYPES.manifest });
    for (const blob of blobs) registry.blobs.set(`app/${sha256(blob)}`, blob);
    const scanned = async (changes: ScanChanges) => {
      const registries = registriesFor(changes.limits === undefined ? {} : { limits: changes.limits });
      try {
        return await scan(`${registry.host}/app:1`, { registries, ...changes });
      } finally {
        await registries.close();
      }
    };
    expect(sbomsOf(await scanned({})).map(({ used: isUsed }) => isUsed)).toEqual([false, false]);
    // Nothing of an SBOM is fetched that nobody wants.
    for (const blob of blobs) expect(registry.asked().join()).not.toContain(sha256(blob));
    const report = await scanned({ useSboms: true });
    expect([report.completeness.status, packagesOf(report)]).toEqual([
      'complete',
      ['openssl 3.0.11-1', 'a 1', 'b 1', 'c 1'],
    ]);
    const short = await scanned({ useSboms: true, limits: { sbomBytes: 100 } });
    expect(gapCodes(short)).toContain('limit-reached');
    expect(short.completeness.status).toBe('partial');
  });

  test('is said to be checked by nobody, in the table too', async () => {
    const { stdout, code } = await runCommand(['scan', attestedBy(both), '--use-sboms', '--db', 'none', '--no-cache']);
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /2 SBOMs found, used: sha256:\w{12} \(attested; nobody checked by whom\)/,
    );
  });
});

describe('what was asked for and cannot be used is no pass', () => {
  const spdx3 = { '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld' };
  test.each<[string, Attestation, string]>([
    ['no JSON', { statements: [[SPDX, 'x']] }, 'sbom-unusable'],
    ['another statement than it is called', { statements: [[SPDX, statement(SPDX, { hello: 1 })]] }, 'sbom-unusable'],
    [
      'a statement in a statement',
      { statements: [[SPDX, statement(SPDX, JSON.parse(statement(SPDX, spdxOf('b'))))]] },
      'sbom-unusable',
    ],
    ['no predicate', { statements: [[SPDX, statement(SPDX, null)]] }, 'sbom-unusable'],
    ['SPDX 3', { statements: [[SPDX, statement(SPDX, spdx3)]] }, 'sbom-unusable'],
    [
      'nesting',
      { statements: [[SPDX, `{"_type":"https://in-toto.io/Statement/v1","predicate":${'['.repeat(5_000)}`]] },
      'limit-reached',
    ],
    ['a manifest that is none', { manifest: Buffer.from('[]') }, 'sbom-unusable'],
    ['layers that are no list', { manifest: Buffer.from('{"layers":7}') }, 'sbom-unusable'],
    [
      'a manifest that is not there',
      { statements: [[SPDX, statement(SPDX, spdxOf('b'))]], missing: true },
      'sbom-unusable',
    ],
    [
      'a statement that is not there',
      {
        manifest: Buffer.from(
          JSON.stringify({
            layers: [
              { digest: `sha256:${'1'.repeat(64)}`, size: 1, annotations: { 'in-toto.io/predicate-type': SPDX } },
            ],
          }),
        ),
      },
      'sbom-unusable',
    ],
  ])('%s', async (_, attestation, code) => {
    const quiet = await unused(attestation);
    expect([quiet.completeness.status, gapCodes(quiet)]).toEqual(['complete', ['attestation-skipped']]);
    const report = await used(attestation);
    expect([report.completeness.status, gapCodes(report)]).toEqual(['partial', ['attestation-skipped', code].sort()]);
    expect(packagesOf(report)).toEqual(['openssl 3.0.11-1', 'a 1']);
  });

  test('sbomBytes holds for a statement, and not manifestBytes', async () => {
    const text = statement(SPDX, spdxOf('b'));
    const most = Math.max(text.length, 2_000);
    const padded = `${text}${' '.repeat(most - text.length)}`;
    const attestation = (size: number): Attestation => ({ statements: [[SPDX, padded.padEnd(size)]] });
    expect(
      packagesOf(await used(attestation(most), { limits: { sbomBytes: most, manifestBytes: most - 1 } })),
    ).toContain('b 1');
    const past = await used(attestation(most + 1), { limits: { sbomBytes: most } });
    expect(past.completeness.gaps.map(({ code, message }) => `${code} ${message}`)).toContainEqual(
      expect.stringMatching(/^limit-reached .*sbomBytes/),
    );
    expect(past.completeness.status).toBe('partial');
  });
});

test('a statement is an SBOM that can be scanned as one', () => {
  expect(readText(statement(SPDX, spdxOf('b'))).packages.map(({ name }) => name)).toEqual(['b']);
  expect(readText(statement(SPDX, { Data: spdxOf('b') })).packages.map(({ name }) => name)).toEqual(['b']);
});
