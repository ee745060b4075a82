import { expect, test } from 'vitest';
import { parseReferrers, referrersTag } from './referrers.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const item = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 7 };
const index = (...manifests: unknown[]) => ({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests,
});

test('referrers are what an index lists', () => {
  const signature = { ...item, artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json', annotations: { a: 'b' } };
  expect(parseReferrers(index(signature, item, { ...item, artifactType: '' }), 'x')).toEqual([
    signature,
    { ...item, artifactType: null, annotations: {} },
    { ...item, artifactType: null, annotations: {} },
  ]);
  expect(parseReferrers(index(), 'x')).toEqual([]);
});

test.each([
  [{ schemaVersion: 2, config: item, layers: [] }],
  [index('text')],
  [index({ ...item, digest: '../x' })],
  [{}],
])('%j is refused', (document) => {
  expect(() => parseReferrers(document, 'x')).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/MANIFEST_INVALID|NOT_AN_IMAGE/) }),
  );
});

test('the tag of a digest', () => {
  expect(referrersTag(digest)).toBe(`sha256-${'a'.repeat(64)}`);
  expect(referrersTag(`sha512:${'b'.repeat(128)}`)).toBe(`sha512-${'b'.repeat(64)}`);
});
