import { describe, expect, it } from 'vitest';
import { FakeLayerReader, fakeFile, fakeImage, fakeOptions } from '../../test/support/fake-layers.ts';
import { dpkgStatus, OS_RELEASE } from '../../test/support/package-databases.ts';
import { parseConfig } from '../domain/image/config.ts';
import { parseTarget } from '../domain/image/target.ts';
import { ANALYZERS } from '../domain/packages/registry.ts';
import { report as reportSchema } from '../domain/report/report.ts';
import { buildReport, type ReportInput } from './build-report.ts';
import { listPackages } from './list-packages.ts';
import { readFacts } from './read-facts.ts';
import type { SourceImage } from './resolve-images.ts';

const LAYERS = [
  [
    fakeFile('etc/os-release', OS_RELEASE.debian),
    fakeFile('var/lib/dpkg/status', dpkgStatus([{ name: 'a', version: '1', source: 's' }])),
  ],
  [fakeFile('../x')],
];
const MANIFEST = `sha256:${'a'.repeat(64)}`;
const CONFIG = `sha256:${'b'.repeat(64)}`;
const PLATFORM = { os: 'linux', architecture: 'arm64', variant: 'v8' };

async function reported(layers = LAYERS, image: Partial<SourceImage> = {}, input: Partial<ReportInput> = {}) {
  const source = { ...fakeImage(layers.length), ...image };
  const options = fakeOptions({ analyzers: ANALYZERS });
  const reader = new FakeLayerReader(layers, ANALYZERS);
  const facts = await readFacts(source, reader, options);
  const list = await listPackages(facts, reader, options);
  const target = parseTarget('./image.tar:1');
  const common = { tool: { version: '1.2.3' }, createdAt: '2024-01-01T00:00:00.000Z', timings: { readMs: 1 } } as const;
  const sandbox = null;
  return buildReport({
    ...common,
    sandbox,
    target,
    targetKind: 'docker-archive',
    image: source,
    layers: facts,
    list,
    ...input,
  });
}

describe('the report', () => {
  it('says what was scanned, and what was found in it', async () => {
    const config = parseConfig({ created: '2024-01-01T00:00:00Z', config: { User: 'u' }, history: [] }, 'x');
    const report = await reported(LAYERS, {
      platform: PLATFORM,
      config,
      manifestDigest: MANIFEST,
      configDigest: CONFIG,
    });
    expect(report).toMatchObject({
      tool: { name: 'plimsoll', version: '1.2.3' },
      target: { kind: 'docker-archive', reference: './image.tar', digest: MANIFEST, platform: 'linux/arm64/v8' },
      engines: [{ name: 'plimsoll', status: 'ok' }],
      image: {
        id: CONFIG,
        os: { id: 'debian', versionId: '12' },
        architecture: 'arm64',
        created: '2024-01-01T00:00:00Z',
        config: { user: 'u' },
      },
      packages: [
        {
          type: 'deb',
          name: 'a',
          version: '1',
          source: { name: 's' },
          layer: 0,
          development: false,
          hiddenBy: null,
          paths: ['var/lib/dpkg/status'],
        },
      ],
      timings: { readMs: 1 },
    });
    expect(report.image.layers.map(({ index, instruction }) => [index, instruction])).toEqual([
      [0, 'RUN 0'],
      [1, 'RUN 1'],
    ]);
    expect(reportSchema.parse(report)).toEqual(report);
  });

  it('is complete with listed gaps, and partial with blocking ones', async () => {
    const { completeness } = await reported();
    expect(completeness).toMatchObject({
      status: 'complete',
      layersRead: 2,
      layersTotal: 2,
      gaps: [{ code: 'path-escape', class: 'listed', layer: 1 }],
    });
    const partial = await reported([[fakeFile('x')]]);
    expect(partial).toMatchObject({
      completeness: { status: 'partial', gaps: [{ code: 'no-packages' }] },
      engines: [{ status: 'partial' }],
    });
  });

  it('says each gap once', async () => {
    const twice = { code: 'history-misaligned', class: 'listed', layer: null, path: null, message: 'm' } as const;
    const { completeness } = await reported(LAYERS, { gaps: [twice, { ...twice }] });
    expect(completeness.gaps.filter(({ code }) => code === 'history-misaligned')).toHaveLength(1);
  });

  it('tells hidden packages by layer, and apart from the same package installed', async () => {
    const { packages } = await reported([LAYERS[0]!, [fakeFile('var/lib/dpkg/.wh.status')]]);
    expect(packages).toMatchObject([{ hiddenBy: 1, layer: 0 }]);
    expect(packages[0]!.id).toBe(`${packages[0]!.purl}#hidden-by-layer-1`);
  });

  it('of an installed system has no layers to attribute to', async () => {
    const report = await reported([LAYERS[0]!], {}, { target: parseTarget('rootfs:/mnt'), targetKind: 'rootfs' });
    expect(report.packages[0]!.layer).toBeNull();
    expect(report.target).toEqual({ kind: 'rootfs', reference: '/mnt', digest: null, platform: null });
  });

  it.each(['yesterday', '2024-13-01T00:00:00Z', '2024-01-01', '', '0001-01-01T00:00:00Z\n'])(
    'takes %j for no moment',
    async (created) => {
      const { image } = await reported(LAYERS, { config: parseConfig({ created }, 'x') });
      expect(image.created).toBeNull();
    },
  );
});
