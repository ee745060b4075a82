import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authority,
  attestationBundle,
  authority,
  type CertifiedBundle,
  fileBundle,
  IN_TOTO,
  type KeyKind,
  publicKeyFile,
  signingKey,
  vexStatement,
} from '../../../test/support/sigstore.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { SignerTrust } from '../../pipeline/verdict-ports.ts';
import { openBundleVerifier } from './bundle-verifier.ts';

const place = mkdtempSync(join(tmpdir(), 'plimsoll-sigstore-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const NOBODY: SignerTrust = { keys: [], identities: [], trustedRoot: null };
const IMAGE = `sha256:${'a'.repeat(64)}`;
const statement = vexStatement(IMAGE, { '@context': 'https://openvex.dev/ns/v0.2.0' });

describe('a key', () => {
  const kinds: readonly KeyKind[] = ['ec', 'ed25519', 'rsa'];
  const keys = new Map(kinds.map((kind) => [kind, signingKey(kind)]));
  const trusting = (...of: readonly KeyKind[]) =>
    openBundleVerifier({ ...NOBODY, keys: of.map((kind) => publicKeyFile(place, `${kind}.pub`, keys.get(kind)!)) });

  test.each(kinds)(
    'of %s: its signature of a file and its attestation are believed, and nobody else is',
    async (kind) => {
      const key = keys.get(kind)!;
      const other = kind === 'ec' ? 'rsa' : 'ec';
      const file = JSON.stringify(fileBundle('text', key));
      const attested = JSON.stringify(attestationBundle(statement, key));
      const verifier = await trusting(other, kind);
      const signer = expect.stringMatching(/^key sha256:[0-9a-f]{64}$/);
      expect(verifier.read(file, 'text')).toEqual({ payload: null, signer, refusal: null });
      expect(verifier.read(attested, null)).toEqual({
        payload: { type: IN_TOTO, text: JSON.stringify(statement) },
        signer,
        refusal: null,
      });
      const stranger = await trusting(other);
      for (const [bundle, text] of [
        [file, 'text'],
        [attested, null],
      ] as const) {
        expect(stranger.read(bundle, text)).toMatchObject({
          signer: null,
          refusal: expect.stringContaining('no configured key'),
        });
      }
      expect(verifier.read(file, 'Text').signer).toBeNull();
      expect(verifier.read(file, null).signer).toBeNull();
      const without = await openBundleVerifier(NOBODY);
      expect(without.read(file, 'text')).toMatchObject({
        signer: null,
        refusal: expect.stringContaining('no key is configured'),
      });
    },
  );

  test('names itself alike whatever file it is in', async () => {
    const key = keys.get('ec')!;
    const bundle = JSON.stringify(fileBundle('text', key));
    const names = await Promise.all(
      ['one.pub', 'two.pub'].map(async (name) => {
        const { read } = await openBundleVerifier({ ...NOBODY, keys: [publicKeyFile(place, name, key)] });
        return read(bundle, 'text').signer;
      }),
    );
    expect(names[0]).toBe(names[1]);
  });

  test('every byte of what it attested counts: payload, type, signature', async () => {
    const verifier = await trusting('ec');
    const bundle = attestationBundle(statement, keys.get('ec')!);
    const { dsseEnvelope } = bundle;
    const changed = [
      { payload: Buffer.from(JSON.stringify({ ...statement, subject: [] })).toString('base64') },
      { payloadType: 'application/json' },
      { signatures: [{ keyid: '', sig: Buffer.alloc(70).toString('base64') }] },
    ];
    expect(verifier.read(JSON.stringify(bundle), null).signer).not.toBeNull();
    for (const change of changed) {
      const text = JSON.stringify({ ...bundle, dsseEnvelope: { ...dsseEnvelope, ...change } });
      expect(verifier.read(text, null).signer).toBeNull();
    }
  });

  test.each([
    ['no JSON', '{'],
    ['no bundle', '{}'],
    ['of another version', JSON.stringify({ ...fileBundle('text', keys.get('ec')!), mediaType: 'application/json' })],
    ['deep', '['.repeat(100_000)],
    [
      'signed by several',
      (() => {
        const bundle = attestationBundle(statement, keys.get('ec')!);
        const { signatures } = bundle.dsseEnvelope;
        return JSON.stringify({
          ...bundle,
          dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [...signatures, ...signatures] },
        });
      })(),
    ],
    ['without what it signs', JSON.stringify({ ...fileBundle('text', keys.get('ec')!), messageSignature: undefined })],
  ])('does not help a bundle that is %s', async (_, text) => {
    const verifier = await trusting('ec');
    expect(verifier.read(text, 'text')).toMatchObject({ payload: null, signer: null, refusal: expect.any(String) });
  });

  test('bundleEntries: at the limit a bundle is verified, past it not', async () => {
    const verifier = await trusting('ec');
    const entry = {
      logIndex: '1',
      logId: { keyId: 'AAAA' },
      kindVersion: { kind: 'dsse', version: '0.0.1' },
      integratedTime: '1',
      inclusionPromise: { signedEntryTimestamp: 'AAAA' },
      inclusionProof: { logIndex: '0', treeSize: '1', rootHash: 'AAAA', hashes: [], checkpoint: { envelope: 'x' } },
      canonicalizedBody: 'AAAA',
    };
    const withEntries = (count: number): string => {
      const bundle = attestationBundle(statement, keys.get('ec')!);
      bundle.verificationMaterial.tlogEntries = Array.from({ length: count }, () => entry);
      return JSON.stringify(bundle);
    };
    expect(verifier.read(withEntries(LIMITS.bundleEntries), null).signer).not.toBeNull();
    expect(verifier.read(withEntries(LIMITS.bundleEntries + 1), null).refusal).toContain('bundleEntries');
  });

  test.each([
    ['absent', () => join(place, 'absent.pub'), 'ENOENT'],
    ['no PEM', () => write('text.pub', 'text'), 'no public key in PEM'],
    [
      'a private key',
      () => write('private.pub', signingKey().privateKey.export({ type: 'pkcs8', format: 'pem' })),
      'private key',
    ],
  ])('that is %s is refused', async (_, file, words) => {
    await expect(openBundleVerifier({ ...NOBODY, keys: [file()] })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(words),
    });
  });
});

function write(name: string, content: string | Buffer): string {
  const file = join(place, name);
  writeFileSync(file, content);
  return file;
}

describe('a certificate', () => {
  const SUBJECT = 'https://github.com/shop/app/.github/workflows/vex.yaml@refs/heads/main';
  const ISSUER = 'https://token.actions.githubusercontent.com';
  let ours: Authority;
  let theirs: Authority;
  let attested: CertifiedBundle;
  let file: CertifiedBundle;

  beforeAll(async () => {
    [ours, theirs] = await Promise.all([authority(), authority()]);
    attested = await ours.attest(statement, SUBJECT, ISSUER);
    file = await ours.signFile('text', SUBJECT, ISSUER);
  });

  const trusting = (subject = SUBJECT, issuer = ISSUER, root: object = ours.root) =>
    openBundleVerifier({
      ...NOBODY,
      identities: [{ subject, issuer }],
      trustedRoot: write('trusted_root.json', JSON.stringify(root)),
    });

  test('for a configured identity is believed, for a file and for an attestation', async () => {
    const verifier = await trusting();
    const signer = `${SUBJECT} (${ISSUER})`;
    expect(verifier.read(JSON.stringify(attested), null)).toMatchObject({ signer, refusal: null });
    expect(verifier.read(JSON.stringify(file), 'text')).toMatchObject({ signer, refusal: null });
    expect(verifier.read(JSON.stringify(file), 'Text').signer).toBeNull();
  });

  test.each([
    ['another name', SUBJECT.replace('shop', 'evil'), ISSUER],
    ['a pattern that would match', SUBJECT.replace('main', '.*'), ISSUER],
    ['a part of the name', SUBJECT.slice(0, -5), ISSUER],
    ['another issuer', SUBJECT, 'https://accounts.example.org'],
  ])('is not believed where %s is configured', async (_, subject, issuer) => {
    const { read } = await trusting(subject, issuer);
    expect(read(JSON.stringify(attested), null)).toMatchObject({
      signer: null,
      refusal: `it is signed by ${SUBJECT} (${ISSUER}), who is not configured`,
    });
  });

  test('of another authority is not believed, nor one whose log entry is missing, of another log, or changed', async () => {
    const { read } = await trusting();
    const strange = await theirs.attest(statement, SUBJECT, ISSUER);
    const [entry] = attested.verificationMaterial.tlogEntries;
    const withEntries = (...tlogEntries: readonly unknown[]) => ({
      ...attested,
      verificationMaterial: { ...attested.verificationMaterial, tlogEntries },
    });
    const other = await ours.attest({ ...statement, subject: [] }, SUBJECT, ISSUER);
    const bundles = [
      strange,
      withEntries(),
      withEntries(strange.verificationMaterial.tlogEntries[0]),
      withEntries(other.verificationMaterial.tlogEntries[0]),
      withEntries({ ...entry, integratedTime: '1700000000' }),
      withEntries(entry, entry),
      { ...attested, dsseEnvelope: other.dsseEnvelope },
    ];
    for (const bundle of bundles) {
      const { signer, refusal } = read(JSON.stringify(bundle), null);
      expect([signer, refusal]).toEqual([null, expect.stringContaining('cannot be')]);
    }
  });

  test('that is not in the log of certificates is not believed where the root knows one', async () => {
    const unlogged = await authority({ certificatesAreLogged: false });
    const bundle = JSON.stringify(await unlogged.attest(statement, SUBJECT, ISSUER));
    const signerBy = async (root: object) => (await trusting(SUBJECT, ISSUER, root)).read(bundle, null).signer;
    expect(await signerBy(unlogged.root)).toBeNull();
    expect(await signerBy({ ...unlogged.root, ctlogs: [] })).not.toBeNull();
    const strange = await trusting(SUBJECT, ISSUER, { ...ours.root, ctlogs: theirs.root.ctlogs });
    expect(strange.read(JSON.stringify(attested), null).signer).toBeNull();
  });

  test('whose signature is timestamped, and in no transparency log, is not believed where the root knows one', async () => {
    const stamp = await ours.timestamp(attested.dsseEnvelope!.signatures[0]!.sig);
    const { certificate } = attested.verificationMaterial;
    const timestampVerificationData = { rfc3161Timestamps: [stamp] };
    const verificationMaterial = { certificate, tlogEntries: [], timestampVerificationData };
    const bundle = JSON.stringify({ ...attested, verificationMaterial });
    const readBy = async (root: object) => (await trusting(SUBJECT, ISSUER, root)).read(bundle, null);
    expect(await readBy(ours.root)).toMatchObject({ signer: null, refusal: expect.stringContaining('tlog') });
    expect(await readBy({ ...ours.root, tlogs: [] })).toMatchObject({ refusal: null });
    expect((await readBy({ ...ours.root, tlogs: [], timestampAuthorities: [] })).signer).toBeNull();
  });

  test('is not believed by a key, nor a key by a trusted root', async () => {
    const key = signingKey();
    const byKey = await openBundleVerifier({ ...NOBODY, keys: [publicKeyFile(place, 'k.pub', key)] });
    expect(byKey.read(JSON.stringify(attested), null).refusal).toContain('no trusted root');
    expect((await trusting()).read(JSON.stringify(attestationBundle(statement, key)), null).refusal).toContain(
      'no key',
    );
  });

  test('one of several roots is enough, one a line', async () => {
    const roots = [theirs, ours].map(({ root }) => JSON.stringify(root)).join('\n');
    const identities = [{ subject: SUBJECT, issuer: ISSUER }];
    const { read } = await openBundleVerifier({
      ...NOBODY,
      identities,
      trustedRoot: write('roots.jsonl', `${roots}\n`),
    });
    expect(read(JSON.stringify(attested), null).signer).not.toBeNull();
  });

  test.each(['{}', 'text', '{"certificateAuthorities":7}', ''])(
    'a trusted root that is "%s" is refused',
    async (text) => {
      const trustedRoot = write('broken.json', text);
      await expect(openBundleVerifier({ ...NOBODY, trustedRoot })).rejects.toMatchObject({ code: 'USAGE' });
    },
  );
});
