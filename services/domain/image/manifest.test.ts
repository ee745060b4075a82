import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlimsollError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { parseConfig } from './config.ts';
import { parseJsonObject } from './json.ts';
import { type Descriptor, isAttestation, isEncryptedLayer, isForeignLayer, parseManifest } from './manifest.ts';

const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker';
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const config = { mediaType: `${OCI}.config.v1+json`, digest: digest('c'), size: 2 };
const layer = { mediaType: `${OCI}.layer.v1.tar+gzip`, digest: digest('a'), size: 10 };
const manifest = { schemaVersion: 2, config, layers: [layer] };
const index = { schemaVersion: 2, manifests: [{ mediaType: `${OCI}.manifest.v1+json`, digest: digest('b'), size: 5 }] };

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof PlimsollError) return error.code;
    throw error;
  }
  return 'none';
};
const parsed = (document: object) => parseManifest(document as never, 'the document');

describe('indexes and manifests', () => {
  it('are told apart by what they hold', () => {
    expect(parsed(manifest)).toMatchObject({
      kind: 'manifest',
      config: { digest: digest('c') },
      layers: [{ size: 10 }],
    });
    expect(parsed(index)).toMatchObject({
      kind: 'index',
      manifests: [{ digest: digest('b'), platform: null, urls: [], artifactType: null }],
    });
  });

  it.each([
    [
      'Docker names',
      {
        ...manifest,
        mediaType: `${DOCKER}.distribution.manifest.v2+json`,
        config: { ...config, mediaType: `${DOCKER}.container.image.v1+json` },
        layers: [{ ...layer, mediaType: `${DOCKER}.image.rootfs.diff.tar.gzip` }],
      },
    ],
    ['no layers', { ...manifest, layers: null }],
    [
      'a layer of an unknown kind beside a known one',
      { ...manifest, layers: [{ ...layer, mediaType: 'application/x-odd' }, layer] },
    ],
    ['an encrypted layer', { ...manifest, layers: [{ ...layer, mediaType: `${layer.mediaType}+encrypted` }] }],
    [
      'a foreign layer',
      { ...manifest, layers: [{ ...layer, mediaType: `${OCI}.layer.nondistributable.v1.tar+zstd` }] },
    ],
    [
      'nulls for what Go leaves empty',
      {
        ...manifest,
        artifactType: null,
        subject: null,
        annotations: null,
        layers: [{ ...layer, urls: null, platform: null, annotations: null }],
      },
    ],
  ])('a manifest with %s', (_, document) => {
    expect(parsed(document).kind).toBe('manifest');
  });

  it.each([
    ['without manifests', { schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: null }, 0],
    ['of Docker', { ...index, mediaType: `${DOCKER}.distribution.manifest.list.v2+json` }, 1],
  ])('an index %s', (_, document, count) => {
    expect(parsed(document)).toMatchObject({ kind: 'index', manifests: { length: count } });
  });

  it.each([
    ['an index and a manifest at once', { ...index, ...manifest }, 'MANIFEST_INVALID'],
    ['an index with layers', { ...index, layers: [] }, 'MANIFEST_INVALID'],
    ['an index that calls itself a manifest', { ...index, mediaType: `${OCI}.manifest.v1+json` }, 'MANIFEST_INVALID'],
    ['a manifest that calls itself an index', { ...manifest, mediaType: `${OCI}.index.v1+json` }, 'MANIFEST_INVALID'],
    ['a field that Go would take for another', { ...manifest, Layers: [] }, 'MANIFEST_INVALID'],
    ['one that only folds alike', { ...manifest, layer\u017f: [] }, 'MANIFEST_INVALID'],
    ['such a field in a descriptor', { ...manifest, config: { ...config, Digest: digest('d') } }, 'MANIFEST_INVALID'],
    [
      'such a field in a platform',
      { ...index, manifests: [{ ...layer, platform: { os: 'linux', OS: 'windows', architecture: 'amd64' } }] },
      'MANIFEST_INVALID',
    ],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, 'MANIFEST_SCHEMA1'],
    ['schema 3', { ...manifest, schemaVersion: 3 }, 'MANIFEST_INVALID'],
    ['no schema', {}, 'MANIFEST_INVALID'],
    ['neither', { schemaVersion: 2 }, 'MANIFEST_INVALID'],
    ['layers that are no list', { ...manifest, layers: {} }, 'MANIFEST_INVALID'],
    ['manifests that are no list', { schemaVersion: 2, manifests: 'x' }, 'MANIFEST_INVALID'],
    ['a config that is a list', { ...manifest, config: [] }, 'MANIFEST_INVALID'],
    ['a config that is null', { ...manifest, config: null }, 'MANIFEST_INVALID'],
    ['a size past 2^53', { ...manifest, layers: [{ ...layer, size: 2 ** 53 }] }, 'MANIFEST_INVALID'],
    ['a size that is a text', { ...manifest, layers: [{ ...layer, size: '10' }] }, 'MANIFEST_INVALID'],
    ['a fraction of a byte', { ...manifest, layers: [{ ...layer, size: 1.5 }] }, 'MANIFEST_INVALID'],
    [
      'a digest with a path',
      { ...manifest, layers: [{ ...layer, digest: 'sha256:../../../../etc/passwd' }] },
      'MANIFEST_INVALID',
    ],
    [
      'a digest with a line more',
      { ...manifest, layers: [{ ...layer, digest: `${layer.digest}\n` }] },
      'MANIFEST_INVALID',
    ],
    ['a platform that is a text', { ...index, manifests: [{ ...layer, platform: 'linux' }] }, 'MANIFEST_INVALID'],
    ['too many layers', { ...manifest, layers: Array(LIMITS.layers + 1).fill(layer) }, 'LIMIT_EXCEEDED'],
    ['too many manifests', { ...index, manifests: Array(LIMITS.manifests + 1).fill(layer) }, 'LIMIT_EXCEEDED'],
    ['as many layers as there may be', { ...manifest, layers: Array(LIMITS.layers).fill(layer) }, 'none'],
    ['as many manifests as there may be', { ...index, manifests: Array(LIMITS.manifests).fill(layer) }, 'none'],
  ])('%s: %#', (_, document, code) => {
    expect(codeOf(() => parsed(document))).toBe(code);
  });

  it.each([
    [
      'a Helm chart',
      'application/vnd.cncf.helm.config.v1+json',
      'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      undefined,
    ],
    ['a WebAssembly module', 'application/vnd.wasm.config.v0+json', 'application/wasm', undefined],
    ['an SBOM', 'application/vnd.oci.empty.v1+json', 'application/vnd.cyclonedx+json', undefined],
    ['a signature', config.mediaType, 'application/vnd.dev.cosign.simplesigning.v1+json', undefined],
    ['an attestation', config.mediaType, 'application/vnd.in-toto+json', undefined],
    ['an SBOM', config.mediaType, layer.mediaType, 'application/spdx+json'],
    ['an artifact', 'application/vnd.oci.empty.v1+json', layer.mediaType, undefined],
  ])('%s is no image: %s, %s', (name, configType, layerType, artifactType) => {
    const document = {
      ...manifest,
      artifactType,
      config: { ...config, mediaType: configType },
      layers: [{ ...layer, mediaType: layerType }],
    };
    expect(() => parsed(document)).toThrow(
      expect.objectContaining({ code: 'NOT_AN_IMAGE', message: expect.stringContaining(name) }),
    );
  });
});

describe('descriptors', () => {
  const described = (more: object): Descriptor => {
    const document = parsed({ ...index, manifests: [{ ...layer, ...more }] });
    if (document.kind !== 'index') throw new Error('an index was given');
    return document.manifests[0]!;
  };

  it('keep texts only', () => {
    const odd = described({
      annotations: { a: 'x', b: 1, c: null },
      urls: ['u', 1, null],
      platform: { os: 'linux', architecture: 'arm', variant: '' },
    });
    expect(odd.annotations).toEqual({ a: 'x' });
    expect(odd.urls).toEqual(['u']);
    expect(odd.platform).toEqual({ os: 'linux', architecture: 'arm', variant: null });
    expect(described({ platform: { os: 1, architecture: 'x' } }).platform).toBeNull();
  });

  it('tell attestations, foreign and encrypted layers', () => {
    expect(isAttestation(described({ platform: { os: 'unknown', architecture: 'unknown' } }))).toBe(true);
    expect(isAttestation(described({ annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }))).toBe(
      true,
    );
    expect(isAttestation(described({ platform: { os: 'linux', architecture: 'unknown' } }))).toBe(false);
    expect(isForeignLayer(described({ urls: ['https://example.com/x'] }))).toBe(true);
    expect(isForeignLayer(described({ mediaType: `${DOCKER}.image.rootfs.foreign.diff.tar.gzip` }))).toBe(true);
    expect(isForeignLayer(described({}))).toBe(false);
    expect(isEncryptedLayer(described({ mediaType: `${layer.mediaType}+encrypted` }))).toBe(true);
    expect(isEncryptedLayer(described({}))).toBe(false);
  });
});

describe('any document', () => {
  const encoder = new TextEncoder();
  const mutated = fc
    .constantFrom(manifest, index, { ...manifest, config: {} })
    .chain((document) =>
      fc
        .dictionary(
          fc.constantFrom('schemaVersion', 'mediaType', 'manifests', 'config', 'layers', 'rootfs', 'history', 'os'),
          fc.jsonValue(),
          { maxKeys: 3 },
        )
        .map((more) => ({ ...document, ...more })),
    );

  it('parses or raises an error of its own', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.dictionary(fc.string(), fc.jsonValue())), (document) => {
        const bytes = encoder.encode(JSON.stringify(document));
        for (const parse of [parseManifest, parseConfig]) codeOf(() => parse(parseJsonObject(bytes, 'x'), 'x'));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['null bytes', new Uint8Array(100)],
    ['nothing', new Uint8Array(0)],
    ['a list', encoder.encode('[]')],
    ['null', encoder.encode('null')],
    ['no UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['deep nesting', encoder.encode(`${'['.repeat(500_000)}${']'.repeat(500_000)}`)],
  ])('that is %s is MANIFEST_INVALID', (_, bytes) => {
    expect(codeOf(() => parseJsonObject(bytes, 'x'))).toBe('MANIFEST_INVALID');
  });
});
