import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBundleVerifier } from '../../services/adapters/sigstore/bundle-verifier.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { type GivenVex, suppress } from '../../services/domain/vulnerabilities/suppress.ts';
import { readVex } from '../../services/domain/vulnerabilities/vex/read-vex.ts';
import { boundedVex } from '../../services/pipeline/embedded-vex.ts';
import { judgeVex } from '../../services/pipeline/judge-vex.ts';
import { matchVulnerabilities } from '../../services/pipeline/match-vulnerabilities.ts';
import type { SignerTrust } from '../../services/pipeline/verdict-ports.ts';
import { advisory, affectedPackage } from '../support/advisory.ts';
import {
  type Attached,
  attaching,
  BUNDLE_TYPE,
  cosignAttestation as cosign,
  digestTag,
  EMPTY,
  named,
  referrer,
  referrersIndex,
} from '../support/attached.ts';
import { buildAdvisories } from '../support/built-advisories.ts';
import { type BuiltImage, buildImage, descriptorOf, json, MEDIA_TYPES, sha256 } from '../support/image-builder.ts';
import { file, type LayerEntry } from '../support/layer-builder.ts';
import { MemoryAdvisories } from '../support/memory-advisories.ts';
import { ociTarget, runCommand, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';
import {
  type Authority,
  attestationBundle,
  authority,
  envelope,
  fileBundle,
  IN_TOTO,
  publicKeyFile,
  signingKey,
  VEX_PREDICATE,
  vexStatement,
} from '../support/sigstore.ts';

/** VEX that comes with an image, through the real command: it is listed, and only what a configured signer said of this image is applied. */

const place = scratch('found-vex');
const database = join(place, 'db');
const key = signingKey();
const stranger = signingKey();
const keyFile = publicKeyFile(place, 'vendor.pub', key);
let ours: Authority;
let DATABASE: MemoryAdvisories;

const SUBJECT = 'vex@example.org';
const ISSUER = 'https://accounts.example.org';

beforeAll(async () => {
  mkdirSync(database);
  const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
  const affected = [
    affectedPackage({
      ecosystem: 'npm',
      name: 'left-pad',
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    }),
  ];
  const content = advisory({
    id: 'CVE-2024-0001',
    severities: [{ source: 'nvd', level: 'unknown', text: null, vector }],
    affected,
  });
  const known = {
    kev: { added: '2020-01-01', due: null, ransomware: false },
    epss: { probability: 0.1, percentile: 0.1, date: '2026-01-01' },
    severities: [],
    rejected: false,
  };
  await buildAdvisories(database, { advisories: [content], enrichment: [['CVE-1999-0001', known]] });
  DATABASE = new MemoryAdvisories([content]);
  ours = await authority();
  writeFileSync(BY_IDENTITY.trustedRoot!, JSON.stringify(ours.root));
});

const vex = (change: object = {}, statement: object = {}) => ({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'v',
  author: 'a',
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2024-0001' },
      products: [{ '@id': 'pkg:npm/left-pad@1.0.0' }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
      ...statement,
    },
  ],
  ...change,
});

const LEFT_PAD = file('usr/lib/node_modules/left-pad/package.json', '{"name":"left-pad","version":"1.0.0"}');

const imageWith = (...entries: readonly LayerEntry[]): Promise<BuiltImage> =>
  buildImage({ name: 'app:1', layers: [{ entries: [LEFT_PAD] }, { entries }] });

const NOBODY: SignerTrust = { keys: [], identities: [], trustedRoot: null };
const BY_KEY: SignerTrust = { ...NOBODY, keys: [keyFile] };
const BY_IDENTITY: SignerTrust = {
  ...NOBODY,
  identities: [{ subject: SUBJECT, issuer: ISSUER }],
  trustedRoot: join(place, 'trusted_root.json'),
};

/** The real scan, matching and judging, in this process. */
async function scanned(target: string, trust: SignerTrust, given: readonly GivenVex[] = []) {
  const report = await scan(target, { reader: WITHOUT_THREADS });
  const matched = matchVulnerabilities(report, DATABASE);
  const judged = suppress(matched, [], given, judgeVex(report, await openBundleVerifier(trust), LIMITS));
  return { report: judged, suppressed: judged.vulnerabilities![0]!.suppressed, found: judged.findings };
}

/** The same by the real command. */
async function command(target: string, ...options: readonly string[]) {
  const args = ['scan', target, '--db', database, '--no-cache', '--format', 'json', ...options];
  const { code, stdout, stderr } = await runCommand(args);
  const report = stdout === '' ? null : (JSON.parse(stdout) as Report);
  return { code, stderr, report, suppressed: report?.vulnerabilities?.[0]?.suppressed, found: report?.findings ?? [] };
}

describe('VEX inside an image', () => {
  const PATH = 'usr/share/vex/app.openvex.json';
  const text = JSON.stringify(vex());
  const target = async (document: string, bundle: object | string | null) => {
    const signature = typeof bundle === 'string' ? bundle : JSON.stringify(bundle);
    const entries = [file(PATH, document), ...(bundle === null ? [] : [file(`${PATH}.sigstore.json`, signature)])];
    return ociTarget(place, await imageWith(...entries));
  };
  const inside = async (document: string, bundle: object | string | null, trust: SignerTrust = BY_KEY) =>
    scanned(await target(document, bundle), trust);

  test('that is signed by the configured key is applied, and the report keeps it', async () => {
    const bundle = JSON.stringify(fileBundle(text, key));
    const { code, suppressed, found } = await command(await target(text, bundle), '--vex-key', keyFile);
    expect([code, suppressed]).toEqual([0, expect.objectContaining({ by: 'vex', status: 'not_affected', owner: 'a' })]);
    expect(suppressed!.source).toMatch(/^usr\/share\/vex\/app\.openvex\.json, signed by key sha256:[0-9a-f]{64}: v$/);
    expect(found).toEqual([
      {
        kind: 'vex',
        id: 'v',
        path: PATH,
        layer: 1,
        format: 'OpenVEX',
        author: 'a',
        signed: 'verified',
        identity: expect.stringMatching(/^key sha256:[0-9a-f]{64}$/),
        applied: 1,
        elsewhere: 0,
        flaws: [],
        reason: null,
        document: text,
        bundle,
      },
    ]);
  });

  test('that is signed by the configured identity is applied', async () => {
    const bundle = await ours.signFile(text, SUBJECT, ISSUER);
    const options = ['--vex-identity', SUBJECT, '--vex-issuer', ISSUER, '--vex-trusted-root', BY_IDENTITY.trustedRoot!];
    const { code, found } = await command(await target(text, JSON.stringify(bundle)), ...options);
    expect(code).toBe(0);
    expect(found).toMatchObject([{ signed: 'verified', identity: `${SUBJECT} (${ISSUER})`, applied: 1, reason: null }]);
  });

  test('that was changed after it was signed fails the scan as without it', async () => {
    const { code, found } = await command(await target(`${text} `, fileBundle(text, key)), '--vex-key', keyFile);
    expect(code).toBe(2);
    expect(found).toMatchObject([{ signed: 'unverified', identity: null, applied: 0 }]);
  });

  test.each<[string, () => [string, object | string | null, SignerTrust?], string, string]>([
    ['nobody signed', () => [text, null], 'unsigned', 'nobody signed it'],
    [
      'a stranger signed',
      () => [text, fileBundle(text, stranger)],
      'unverified',
      'no configured key made the signature',
    ],
    ['nobody is configured for', () => [text, fileBundle(text, key), NOBODY], 'unverified', 'no key is configured'],
    [
      'was changed after it was signed',
      () => [`${text} `, fileBundle(text, key)],
      'unverified',
      'no configured key made the signature',
    ],
    ['has a broken signature', () => [text, '{'], 'unverified', 'no Sigstore bundle'],
    [
      'is covered by an attestation only',
      () => [text, attestationBundle(vexStatement(`sha256:${'a'.repeat(64)}`, vex()), key)],
      'unverified',
      'no signature of this file',
    ],
    ['is signed and no VEX', () => ['{}', fileBundle('{}', key)], 'verified', 'is no VEX document'],
    ['is signed and no JSON', () => ['{', fileBundle('{', key)], 'verified', 'is no JSON'],
  ])('that %s is listed and suppresses nothing', async (_, given, signed, reason) => {
    const { suppressed, found } = await inside(...given());
    expect(suppressed).toBeUndefined();
    expect(found).toMatchObject([
      { kind: 'vex', path: PATH, layer: 1, signed, applied: 0, reason: expect.stringContaining(reason) },
    ]);
  });

  test('for another product is believed, and changes nothing here', async () => {
    const other = JSON.stringify(vex({}, { products: [{ '@id': 'pkg:npm/right-pad@1.0.0' }] }));
    const { suppressed, found } = await inside(other, fileBundle(other, key), BY_KEY);
    expect(suppressed).toBeUndefined();
    expect(found).toMatchObject([{ signed: 'verified', applied: 0, elsewhere: 1, reason: null }]);
  });

  test('that a later layer deleted or replaced is not there', async () => {
    const signature = JSON.stringify(fileBundle(text, key));
    const layers = [
      { entries: [LEFT_PAD, file(PATH, text), file(`${PATH}.sigstore.json`, signature)] },
      { entries: [file('usr/share/vex/.wh.app.openvex.json', '')] },
    ];
    const gone = await scanned(ociTarget(place, await buildImage({ layers })), BY_KEY);
    expect([gone.suppressed, gone.found]).toEqual([undefined, []]);
    const replaced = [layers[0]!, { entries: [file(PATH, JSON.stringify(vex({ '@id': 'other' })))] }];
    const { found } = await scanned(ociTarget(place, await buildImage({ layers: replaced })), BY_KEY);
    expect(found).toMatchObject([{ id: 'other', layer: 1, signed: 'unverified', applied: 0 }]);
  });

  test('does not go before what was given on the command line', async () => {
    const given = vex({ timestamp: '2020-01-01T00:00:00Z' }, { status: 'affected', action_statement: 'Update.' });
    const image = await target(text, fileBundle(text, key));
    const { suppressed, found } = await scanned(image, BY_KEY, [{ file: 'given', document: readVex(given, 'given') }]);
    expect(suppressed).toBeUndefined();
    expect(found).toMatchObject([
      { file: 'given', applied: 1 },
      { path: PATH, signed: 'verified', applied: 0 },
    ]);
  });

  test.each<[string, Buffer | string, string]>([
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'no UTF-8'],
    ['empty', '', 'empty'],
  ])('that is %s is a gap that does not decide', async (_, document, words) => {
    const { report } = await scanned(ociTarget(place, await imageWith(file(PATH, document))), BY_KEY);
    expect(report.completeness.gaps).toContainEqual({
      code: 'vex-unreadable',
      class: 'listed',
      layer: 1,
      path: PATH,
      message: expect.stringContaining(words),
    });
  });

  test('is found under the names that tools give it, in an installed system and in a stored report too', async () => {
    const names = ['a.openvex.json', 'b.vex.json', 'c.csaf.json', 'd.cdx.json', 'vex.json', 'e.json', 'f.vex.json.bak'];
    const bundles = [file('opt/b.vex.json.sigstore.json', JSON.stringify(fileBundle(text, key)))];
    const image = ociTarget(place, await imageWith(...names.map((name) => file(`opt/${name}`, text)), ...bundles));
    const stored = join(place, 'stored.json');
    const first = await command(image, '--output', stored);
    const again = await command(`sbom:${stored}`, '--vex-key', keyFile);
    const listed = again.found.filter(({ kind }) => kind === 'vex').map(({ path, signed }) => [path, signed]);
    expect(listed.toSorted()).toEqual([
      ['opt/a.openvex.json', 'unsigned'],
      ['opt/b.vex.json', 'verified'],
      ['opt/c.csaf.json', 'unsigned'],
      ['opt/vex.json', 'unsigned'],
    ]);
    expect([first.code, again.code, again.suppressed?.by]).toEqual([2, 0, 'vex']);
    const root = join(place, 'root');
    mkdirSync(join(root, 'usr/lib/node_modules/left-pad'), { recursive: true });
    writeFileSync(join(root, LEFT_PAD.path), LEFT_PAD.content!);
    writeFileSync(join(root, 'usr/x.vex.json'), text);
    const installed = await scanned(`rootfs:${root}`, BY_KEY);
    expect(installed.found).toMatchObject([{ path: 'usr/x.vex.json', signed: 'unsigned' }]);
  });
});

describe('VEX beside an image', () => {
  /** BuildKit: unsigned, platform unknown/unknown. */
  const buildkit = (image: BuiltImage, statement: object): Attached =>
    attaching(
      json(statement),
      { mediaType: IN_TOTO, annotations: { 'in-toto.io/predicate-type': VEX_PREDICATE } },
      {},
      {
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': image.manifestDigest,
        },
      },
    );

  const beside = (image: BuiltImage, attached: readonly Attached[], trust = BY_KEY) => {
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.index,
      manifests: [descriptorOf(image), ...attached.map(({ descriptor }) => descriptor)],
    };
    return scanned(
      ociTarget(
        place,
        image,
        index,
        attached.flatMap(({ blobs }) => blobs),
      ),
      trust,
    );
  };

  const sign = (image: BuiltImage, predicate: object = vex(), by = key) =>
    attestationBundle(vexStatement(image.manifestDigest, predicate), by);

  test('as an OCI referrer is applied by key, and the image is found without a tag', async () => {
    const image = await imageWith();
    const attached = referrer(image, sign(image));
    const { suppressed, found } = await beside(image, [attached], BY_KEY);
    expect(suppressed?.by).toBe('vex');
    expect(found).toMatchObject([
      { kind: 'vex', referrer: attached.digest, signed: 'verified', applied: 1, reason: null },
    ]);
    expect(found[0]).not.toHaveProperty('path');
  });

  test('as an OCI referrer is applied by identity', async () => {
    const image = await imageWith();
    const bundle = await ours.attest(vexStatement(image.manifestDigest, vex()), SUBJECT, ISSUER);
    expect(await beside(image, [referrer(image, bundle)], BY_IDENTITY)).toMatchObject({
      found: [{ signed: 'verified', identity: `${SUBJECT} (${ISSUER})`, applied: 1 }],
    });
  });

  test('under the tag of its digest, in an index of referrers, is applied', async () => {
    const image = await imageWith();
    const attached = referrer(image, sign(image));
    const document = referrersIndex([attached]);
    const tag = named(digestTag(image));
    const descriptor = { mediaType: MEDIA_TYPES.index, digest: sha256(document), size: document.length, ...tag };
    const index = { ...attached, blobs: [...attached.blobs, document], descriptor };
    expect(await beside(image, [index], BY_KEY)).toMatchObject({
      found: [{ signed: 'verified', applied: 1 }],
    });
  });

  test('as cosign attached it is applied, by key and by identity', async () => {
    const image = await imageWith();
    const statement = vexStatement(image.manifestDigest, vex());
    expect(await beside(image, [cosign(image, envelope(statement, key))], BY_KEY)).toMatchObject({
      found: [{ signed: 'verified', applied: 1 }],
    });
    const { verificationMaterial, dsseEnvelope } = await ours.attest(statement, SUBJECT, ISSUER);
    const entry = verificationMaterial.tlogEntries[0]!;
    const der = verificationMaterial.certificate.rawBytes;
    const annotations = {
      'dev.sigstore.cosign/certificate': `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`,
      'dev.sigstore.cosign/bundle': JSON.stringify({
        SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
        Payload: {
          body: entry.canonicalizedBody,
          integratedTime: Number(entry.integratedTime),
          logIndex: Number(entry.logIndex),
          logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
        },
      }),
    };
    const byIdentity = await beside(image, [cosign(image, dsseEnvelope!, annotations)], BY_IDENTITY);
    expect(byIdentity.found).toMatchObject([
      { signed: 'verified', identity: `${SUBJECT} (${ISSUER})`, applied: 1, reason: null },
    ]);
    const { 'dev.sigstore.cosign/bundle': _, ...unlogged } = annotations;
    expect((await beside(image, [cosign(image, dsseEnvelope!, unlogged)], BY_IDENTITY)).found).toMatchObject([
      { signed: 'unverified', applied: 0 },
    ]);
  });

  test('of BuildKit is listed, and never applied: nobody signed it', async () => {
    const image = await imageWith();
    const { found } = await beside(image, [buildkit(image, vexStatement(image.manifestDigest, vex()))], BY_KEY);
    expect(found).toMatchObject([
      { format: 'OpenVEX', signed: 'unsigned', identity: null, applied: 0, reason: 'nobody signed it' },
    ]);
  });

  const OTHER = `sha256:${'b'.repeat(64)}`;
  test.each<[string, (image: BuiltImage) => object, string, string]>([
    [
      'about another image',
      () => attestationBundle(vexStatement(OTHER, vex()), key),
      'verified',
      'another image: sha256:bbbb',
    ],
    [
      'about no image',
      (image) => attestationBundle(vexStatement(image.manifestDigest, vex(), { subject: [] }), key),
      'verified',
      'it names none',
    ],
    [
      'whose digest is of another kind',
      (image) =>
        attestationBundle(
          vexStatement('', vex(), { subject: [{ digest: { sha512: image.manifestDigest.slice(7) } }] }),
          key,
        ),
      'verified',
      'it names none',
    ],
    ['by a stranger', (image) => sign(image, vex(), stranger), 'unverified', 'no configured key'],
    [
      'that is no in-toto statement',
      (image) => attestationBundle(vexStatement(image.manifestDigest, vex()), key, 'application/json'),
      'verified',
      'no in-toto statement',
    ],
    [
      'of an unknown version of statements',
      (image) =>
        attestationBundle(vexStatement(image.manifestDigest, vex(), { _type: 'https://in-toto.io/Statement/v9' }), key),
      'verified',
      'no in-toto statement',
    ],
    [
      'of another predicate than its annotation says',
      (image) =>
        attestationBundle(vexStatement(image.manifestDigest, vex(), { predicateType: 'https://openvex.dev/nsx' }), key),
      'verified',
      'no VEX',
    ],
    ['that holds no VEX', (image) => sign(image, {}), 'verified', 'no VEX document'],
    ['that is no bundle', () => ({}), 'unverified', 'no Sigstore bundle'],
    [
      'that was changed',
      (image) => {
        const bundle = sign(image, vex({}, { status: 'affected' }));
        return { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payload: sign(image).dsseEnvelope.payload } };
      },
      'unverified',
      'no configured key',
    ],
  ])('%s suppresses nothing', async (_, bundle, signed, reason) => {
    const image = await imageWith();
    const { suppressed, found } = await beside(image, [referrer(image, bundle(image))], BY_KEY);
    expect(suppressed).toBeUndefined();
    expect(found).toMatchObject([{ kind: 'vex', signed, applied: 0, reason: expect.stringContaining(reason) }]);
  });

  test('for another product of this image is believed, and changes nothing here', async () => {
    const image = await imageWith();
    const predicate = vex({}, { products: [{ '@id': `pkg:oci/app@${OTHER}` }] });
    expect(await beside(image, [referrer(image, sign(image, predicate))], BY_KEY)).toMatchObject({
      suppressed: undefined,
      found: [{ signed: 'verified', applied: 0, elsewhere: 1, reason: null }],
    });
  });

  test('of other images is not of this one, and what is no VEX is not listed', async () => {
    const [image, other] = [await imageWith(), await buildImage({ layers: [{ entries: [file('x', 'x')] }] })];
    const slsa = attestationBundle(
      vexStatement(image.manifestDigest, {}, { predicateType: 'https://slsa.dev/provenance/v1' }),
      key,
    );
    const attached = [
      referrer(other, sign(other)),
      referrer(image, slsa, {}),
      referrer(image, fileBundle('x', key), {}),
    ];
    expect(await beside(image, attached, BY_KEY)).toMatchObject({ suppressed: undefined, found: [] });
  });

  test('an attestation that says nothing of its predicate is looked into', async () => {
    const image = await imageWith();
    expect(await beside(image, [referrer(image, sign(image), {})], BY_KEY)).toMatchObject({
      found: [{ applied: 1 }],
    });
  });

  test('whose blob is missing or another one is a gap that does not decide', async () => {
    const image = await imageWith();
    const attached = referrer(image, sign(image));
    const without = { ...attached, blobs: [EMPTY, attached.blobs[2]!] };
    const { report, suppressed } = await beside(image, [without], BY_KEY);
    expect(suppressed).toBeUndefined();
    expect(report.completeness.gaps).toContainEqual(
      expect.objectContaining({
        code: 'vex-unreadable',
        class: 'listed',
        message: expect.stringContaining('is not there'),
      }),
    );
  });

  test('an image that only calls itself attached is still one of two', async () => {
    const [image, hidden] = [await imageWith(), await buildImage({ layers: [{ entries: [file('evil', 'x')] }] })];
    const descriptor = { ...descriptorOf(hidden), artifactType: BUNDLE_TYPE };
    const blobs = [...hidden.blobs.values()];
    const attached = { blobs, descriptor, digest: hidden.manifestDigest };
    await expect(beside(image, [attached])).rejects.toThrow('there are 2 images');
  });
});

describe('whose signature counts', () => {
  test('may be set in the settings, by files beside them', async () => {
    const text = JSON.stringify(vex());
    const image = await imageWith(
      file('v.vex.json', text),
      file('v.vex.json.sigstore.json', JSON.stringify(fileBundle(text, key))),
    );
    const settings = join(place, 'settings.yaml');
    writeFileSync(settings, 'vex: { keys: [vendor.pub] }\n');
    const { code, report } = await command(ociTarget(place, image), '--config', settings);
    expect(code).toBe(0);
    expect(report!.inputs.vex).toMatch(/^sha256:/);
    writeFileSync(settings, 'vex: { keys: [absent.pub] }\n');
    expect(await command(ociTarget(place, image), '--config', settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('absent.pub'),
    });
  });

  test('is refused where half of it is missing', async () => {
    const image = ociTarget(place, await imageWith());
    const refused = { code: 1, stderr: expect.stringContaining('[USAGE]') };
    expect(await command(image, '--vex-identity', SUBJECT)).toMatchObject(refused);
  });
});

describe('as much as a report may keep', () => {
  const document = (character: string) => ({
    path: character,
    layer: 0,
    referrer: null,
    document: character.repeat(10),
    bundle: null,
  });
  const documents = ['a', 'b', 'c'].map(document);
  const left = (count: number) => [
    expect.objectContaining({ message: expect.stringContaining(`${count} VEX documents`) }),
  ];

  test('foundVex: at it and past it', () => {
    const bounded = (foundVex: number) => boundedVex(documents, { ...LIMITS, foundVex });
    expect(bounded(3)).toEqual({ kept: documents, gaps: [] });
    expect(bounded(2)).toEqual({ kept: documents.slice(0, 2), gaps: left(1) });
  });

  test('foundVexBytes: at it and past it', () => {
    const bounded = (foundVexBytes: number) => boundedVex(documents, { ...LIMITS, foundVexBytes });
    expect(bounded(30)).toEqual({ kept: documents, gaps: [] });
    expect(bounded(29)).toEqual({ kept: documents.slice(0, 2), gaps: left(1) });
  });
});
