import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OutputFormat } from '../../services/cli/output-formats.ts';
import { renderDocument } from '../../services/cli/render-document.ts';
import { gap } from '../../services/domain/completeness.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { oddReport, sampleReport } from '../support/sample-report.ts';
import { cycloneDxValidator, spdxValidator } from '../support/sbom-schemas.ts';
import { scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';
import { IMAGE_FIXTURES, scanFixture } from '../support/scan-fixture.ts';

/** Image → SBOM → scan: the same packages, the same image and the same gaps, byte for byte; and valid in between. */

const FORMATS = ['cyclonedx', 'spdx', 'spdx-tag-value', 'json'] as const satisfies readonly OutputFormat[];
const place = scratch('sbom');
const isCycloneDx = cycloneDxValidator();
const isSpdx = spdxValidator();

const render = (report: Report, format: OutputFormat): Promise<string> =>
  renderDocument(report, format, { width: 80, colour: false });

/** What the trip must not change, as its text. */
function kept(report: Report): string {
  const { packages, image, target, findings, completeness } = JSON.parse(serializeReport(report)) as Report;
  const { status, gaps, layersRead, layersTotal } = completeness;
  const { digest, platform } = target;
  return JSON.stringify(
    { packages, image, digest, platform, findings, status, gaps, layersRead, layersTotal },
    null,
    1,
  );
}

async function expectRoundTrip(report: Report, format: OutputFormat): Promise<void> {
  const text = await render(report, format);
  const path = join(place, `${format}.sbom`);
  writeFileSync(path, text);
  const back = await scan(`sbom:${path}`);
  expect(kept(back)).toBe(kept(report));
  // And once more, from the report of the SBOM: nothing wears off.
  writeFileSync(path, await render(back, format));
  expect(kept(await scan(`sbom:${path}`))).toBe(kept(report));
}

async function expectCycloneDx(report: Report): Promise<void> {
  expect(isCycloneDx(JSON.parse(await render(report, 'cyclonedx')))).toEqual([]);
}

async function expectSpdx(report: Report): Promise<void> {
  expect(isSpdx!(JSON.parse(await render(report, 'spdx')))).toEqual([]);
}

const SAMPLES: readonly (readonly [string, () => Report])[] = [
  ['a partial scan', sampleReport],
  ['texts that formats trip over', oddReport],
];

describe.each(SAMPLES)('the SBOM of %s', (_, report) => {
  test.each(FORMATS)('%s comes back as it was', (format) => expectRoundTrip(report(), format));
  test('is valid CycloneDX 1.6', () => expectCycloneDx(report()));
  test.skipIf(isSpdx === null)('is valid SPDX 2.3 (schema of Syft)', () => expectSpdx(report()));
});

// Without threads: those that end while the validators are compiled make V8 end the process (nodejs/node#64500).
const read = (target: string) => scanFixture(target, { reader: WITHOUT_THREADS });

describe.each(IMAGE_FIXTURES.map(({ name, target }) => [name, target] as const))('the SBOM of %s', (_, target) => {
  test.skipIf(isSpdx === null)('is valid SPDX 2.3 (schema of Syft)', async () => {
    for (const report of await read(target)) await expectSpdx(report);
  });
  test('comes back as it was in each format, and is valid CycloneDX 1.6', async () => {
    for (const report of await read(target)) {
      await expectCycloneDx(report);
      for (const format of FORMATS) await expectRoundTrip(report, format);
    }
  });
});

describe('the validators refuse', () => {
  test('a CycloneDX document with a fault', async () => {
    const bom = JSON.parse(await render(sampleReport(), 'cyclonedx'));
    for (const fault of [
      { ...bom, serialNumber: 'urn:uuid:1' },
      { ...bom, metadata: { ...bom.metadata, timestamp: 'yesterday' } },
      { ...bom, components: [{ ...bom.components[1], licenses: [{ license: { id: 'GPL-17.0' } }] }] },
      { ...bom, components: [bom.components[0], bom.components[0]] },
      { ...bom, extra: 1 },
    ])
      expect(isCycloneDx(fault)).not.toEqual([]);
  });
  test.skipIf(isSpdx === null)('an SPDX document with a fault', async () => {
    const document = JSON.parse(await render(sampleReport(), 'spdx'));
    for (const fault of [
      { ...document, spdxVersion: 2.3 },
      { ...document, packages: [{ ...document.packages[0], primaryPackagePurpose: 'IMAGE' }] },
      { ...document, relationships: [{ spdxElementId: 'SPDXRef-Target' }] },
      { ...document, extra: 1 },
    ])
      expect(isSpdx!(fault)).not.toEqual([]);
  });
});

test.each(['cyclonedx', 'spdx', 'spdx-tag-value'] as const)(
  '%s is the same text whenever it is written',
  async (format) => {
    const then = sampleReport();
    const now = {
      ...then,
      createdAt: '2031-01-01T00:00:00.000Z',
      timings: { total: 1 },
      packages: then.packages.toReversed(),
    };
    const timeless = (text: string) => text.replaceAll(/20(?:26|31)-\d\d-\d\dT12?[\d:.]+Z|2031-01-01T[\d:.]+Z/g, 'NOW');
    expect(timeless(await render(now, format))).toBe(timeless(await render(then, format)));
    const other = { ...then, packages: then.packages.slice(1) };
    const names = /urn:uuid:[0-9a-f-]{36}/;
    expect(names.exec(await render(other, format))![0]).not.toBe(names.exec(await render(then, format))![0]);
  },
);

test('an SBOM of ours with a package taken out, or without its gaps, is never complete', async () => {
  const { completeness, ...report } = sampleReport();
  const gaps = [gap('history-misaligned', 'm')];
  const whole: Report = { ...report, completeness: { ...completeness, status: 'complete', gaps } };
  const bom = JSON.parse(await render(whole, 'cyclonedx'));
  const path = join(place, 'altered.json');
  const altered = [
    { ...bom, components: bom.components.slice(0, -1) },
    { ...bom, metadata: { ...bom.metadata, properties: [] } },
    { ...bom, metadata: { ...bom.metadata, properties: [{ name: 'plimsoll:completeness:status', value: 'partial' }] } },
  ];
  for (const each of altered) {
    writeFileSync(path, JSON.stringify(each));
    expect((await scan(`sbom:${path}`)).completeness.status).toBe('partial');
  }
  writeFileSync(path, JSON.stringify(bom));
  expect((await scan(`sbom:${path}`)).completeness).toMatchObject({ status: 'complete', gaps });
});
