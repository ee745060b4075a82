import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { openBundleVerifier } from '../../services/adapters/sigstore/bundle-verifier.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import * as schema from '../../services/domain/report/report.ts';
import { suppress } from '../../services/domain/vulnerabilities/suppress.ts';
import { bundleOfEnvelope } from '../../services/domain/vulnerabilities/vex/cosign-envelope.ts';
import { type FoundVex, unjudged } from '../../services/domain/vulnerabilities/vex/found-vex.ts';
import { judgeVex } from '../../services/pipeline/judge-vex.ts';
import type { BundleVerifier } from '../../services/pipeline/verdict-ports.ts';
import { mutated } from '../support/mutation.ts';
import { samplePackage, sampleReport, sampleVulnerability } from '../support/sample-report.ts';
import { scratch } from '../support/scan.ts';
import { authority, fileBundle, publicKeyFile, signingKey, vexStatement } from '../support/sigstore.ts';
import { VEX_SAMPLES } from '../support/vex-samples.ts';

/** Damaged documents and signatures: never an exception, and nothing is applied that differs in one byte from what was signed. */

const place = scratch('found-vex-fuzz');
const curl = samplePackage({ name: 'curl', version: '7.88.1-10' });
const row = sampleVulnerability({
  id: 'CVE-2024-0001',
  packageId: curl.id,
  purl: curl.purl,
  installedVersion: curl.version,
});
const report = { ...sampleReport(), packages: [curl], vulnerabilities: [row] };
const DIGEST = report.target.digest!;
const text = JSON.stringify(VEX_SAMPLES.OpenVEX);
const key = signingKey();
const [SUBJECT, ISSUER] = ['vex@example.org', 'https://accounts.example.org'];
let verifier: BundleVerifier;
let attestation: string;

beforeAll(async () => {
  const ours = await authority();
  attestation = JSON.stringify(await ours.attest(vexStatement(DIGEST, VEX_SAMPLES.OpenVEX), SUBJECT, ISSUER));
  const trustedRoot = join(place, 'trusted_root.json');
  writeFileSync(trustedRoot, JSON.stringify(ours.root));
  const keys = [publicKeyFile(place, 'key.pub', key)];
  verifier = await openBundleVerifier({ keys, identities: [{ subject: SUBJECT, issuer: ISSUER }], trustedRoot });
});

const inside = (document: string, bundle: string): FoundVex => ({
  path: 'v',
  layer: 0,
  referrer: null,
  document,
  bundle,
});
const beside = (bundle: string): FoundVex => ({ path: null, layer: null, referrer: DIGEST, document: null, bundle });

function judged(found: FoundVex) {
  const scanned = { ...report, findings: [unjudged(found)] };
  const result = suppress(scanned, [], [], judgeVex(scanned, verifier, LIMITS));
  schema.report.parse(result);
  return { suppressed: result.vulnerabilities![0]!.suppressed, signed: result.findings[0]!.signed };
}

const bytesOf = (document: string) => [new TextEncoder().encode(document)];
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test('a damaged document: whole it is applied, else it is not', () => {
  const bundle = JSON.stringify(fileBundle(text, key));
  expect(judged(inside(text, bundle))).toMatchObject({ suppressed: { by: 'vex' }, signed: 'verified' });
  fc.assert(
    fc.property(mutated(bytesOf(text)), (damaged) => {
      if (textOf(damaged) === text) return;
      expect(judged(inside(textOf(damaged), bundle))).toEqual({ suppressed: undefined, signed: 'unverified' });
    }),
    { numRuns: 500 },
  );
});

test('a damaged attestation: what is applied is the statement that was signed', () => {
  const whole = judged(beside(attestation)).suppressed;
  expect(whole).toMatchObject({ by: 'vex', status: 'not_affected' });
  fc.assert(
    fc.property(mutated(bytesOf(attestation)), (damaged) => {
      const { suppressed, signed } = judged(beside(textOf(damaged)));
      // Blanks and fields that nobody signs may change; what it says may not.
      if (suppressed !== undefined) expect([signed, suppressed]).toEqual(['verified', whole]);
    }),
    { numRuns: 1_000 },
  );
});

test('a damaged signature of a file, and a damaged envelope of cosign, throw nothing', () => {
  const bundle = JSON.stringify(fileBundle(text, key));
  fc.assert(
    fc.property(mutated(bytesOf(bundle)), fc.string(), (damaged, annotation) => {
      const { suppressed, signed } = judged(inside(text, textOf(damaged)));
      expect(suppressed === undefined).toBe(signed !== 'verified');
      const annotations = {
        'dev.sigstore.cosign/certificate': annotation,
        'dev.sigstore.cosign/bundle': textOf(damaged),
      };
      const converted = bundleOfEnvelope(damaged, annotations);
      if (converted !== null) expect(judged(beside(converted)).suppressed).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
