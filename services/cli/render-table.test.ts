import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { samplePackage, sampleReport, sampleVulnerability } from '../../test/support/sample-report.ts';
import { gap } from '../domain/completeness.ts';
import type { Report } from '../domain/report/report.ts';
import { widthOf } from './printable.ts';
import { renderTable, tableOptions } from './render-table.ts';

const pipe = { width: 80, colour: false };
const digest = `sha256:${'e'.repeat(64)}`;
const complete = (report: Report): Report => ({
  ...report,
  completeness: { ...report.completeness, status: 'complete', layersRead: report.completeness.layersTotal, gaps: [] },
});

describe('renderTable', () => {
  it('shows a report in 80 columns', () => {
    expect(renderTable(sampleReport(), pipe)).toBe(`\
Target  docker-archive:./shop.tar
Digest  ${digest}
System  Debian GNU/Linux 12 (bookworm), linux/amd64

LAYER      SIZE  PACKAGES  INSTRUCTION
0 base  48.5 MB         2  ADD rootfs.tar.xz / # buildkit
1       31.2 MB         2  RUN apt-get update && apt-get install -y --no-instal…
2        1.2 MB         –  COPY --chown=1000:1000 ./dist /srv/shop
! 3       912 B         –  unknown

PACKAGE          VERSION             TYPE       LAYER
base-files       12.4+deb12u10       deb/amd64      0
ca-certificates  20230311            deb/all        ?
curl             7.88.1-10+deb12u12  deb/amd64      1
libc6            2.36-9+deb12u9      deb/amd64      0
libssl3          3.0.15-1~deb12u1    deb/amd64      1
wget             1.21.3-1+b2         deb/amd64      0  hidden by 2

NOT SEEN: 1 blocking gap. Do not take this target for clean.
! layer-unreadable, layer 3
  Layer 3 ends in the middle of a gzip member (offset 861). Pull the image
  again.

Also noted: 1 listed gap.
- history-misaligned
  The history names 5 layers, the manifest 4: instructions are unknown.

Partial: 5 packages, 1 hidden, 3 of 4 layers read, 1 blocking gap, 1 listed gap.
`);
  });

  it('shows vulnerabilities in the place of packages, and both where asked', () => {
    const report = complete(sampleReport());
    const judged: Report = {
      ...report,
      vulnerabilities: [sampleVulnerability({ id: 'CVE-2026-0001' })],
      completeness: { ...report.completeness, feeds: [{ ecosystem: 'Debian:12', records: 1, newest: null }] },
    };
    const headers = (text: string): string[] => text.match(/^(?:PACKAGE|SEVERITY|UPGRADE)\b/gm) ?? [];
    expect(headers(renderTable(judged, pipe))).toEqual(['UPGRADE', 'SEVERITY']);
    expect(headers(renderTable(judged, { ...pipe, packages: true }))).toEqual(['PACKAGE', 'UPGRADE', 'SEVERITY']);
    // Nothing was looked up: then an empty list says nothing.
    expect(headers(renderTable({ ...report, vulnerabilities: [] }, pipe))).toEqual(['PACKAGE']);
  });

  it('says which engine found what, where there are several', () => {
    const report = complete(sampleReport());
    const engines = [
      ...report.engines,
      { name: 'trivy', version: '0.72.0', status: 'ok' },
      { name: 'syft', version: null, status: 'failed' },
    ] as const;
    const packages = [
      samplePackage({ name: 'curl', version: '1', foundBy: ['plimsoll', 'trivy'] }),
      samplePackage({ name: 'left-pad', version: '1.3.0', type: 'npm', arch: null, layer: null, foundBy: ['trivy'] }),
    ];
    const image = { ...report.image, layers: [] };
    expect(renderTable({ ...report, image, engines, packages }, pipe)).toBe(`\
Target  docker-archive:./shop.tar
Digest  ${digest}
System  Debian GNU/Linux 12 (bookworm), linux/amd64
Engines plimsoll 0.1.0, trivy 0.72.0, syft failed

PACKAGE   VERSION  TYPE       FOUND BY
curl      1        deb/amd64  plimsoll, trivy
left-pad  1.3.0    npm        trivy

Complete: 2 packages.
`);
  });

  it('shows an installed system without layers', () => {
    const report = complete(sampleReport());
    const target = { kind: 'rootfs', reference: '/', digest: null, platform: null } as const;
    const packages = [samplePackage({ name: 'curl', version: '1' })];
    expect(renderTable({ ...report, target, packages }, pipe)).toBe(`\
Target  rootfs:/
System  Debian GNU/Linux 12 (bookworm)

PACKAGE  VERSION  TYPE
curl     1        deb/amd64

Complete: 1 package.
`);
  });

  it('says so where there is nothing', () => {
    const report = complete(sampleReport());
    const text = renderTable({ ...report, packages: [], image: { ...report.image, os: null, layers: [] } }, pipe);
    expect(text).toContain('System  distribution unknown, linux/amd64');
    expect(text).toContain('No packages were found.');
  });

  it('shows every platform of an index, and sums up', () => {
    const text = renderTable(
      {
        schemaVersion: '1',
        index: { kind: 'oci-dir', reference: './layout', digest },
        reports: [sampleReport(), complete(sampleReport())],
      },
      pipe,
    );
    expect(text).toMatch(/^Index {3}oci-dir:\.\/layout\nDigest {2}sha256:e+\n\nlinux\/amd64\n─{80}\n\nTarget/);
    expect(text).toMatch(/\nPartial: 1 of 2 platforms read without blocking gaps\.\n$/);
  });

  it('shows the first gaps of very many, and counts the rest', () => {
    const report = sampleReport();
    const gaps = Array.from({ length: 1_234 }, (_, i) => gap('package-record-invalid', `Record ${i} has no version.`));
    const text = renderTable({ ...report, completeness: { ...report.completeness, gaps } }, pipe);
    expect(text).toContain('Record 19 has');
    expect(text).not.toContain('Record 20 has');
    expect(text).toContain('… and 1,214 more: --format json lists them all.');
  });

  it('colours the same text', () => {
    const coloured = renderTable(sampleReport(), { width: 80, colour: true });
    expect(coloured).toContain('\u001b[31m');
    expect(stripVTControlCharacters(coloured)).toBe(renderTable(sampleReport(), pipe));
  });

  it('lets no text of the image reach the terminal as control, in any place and width', () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 120 });
    fc.assert(
      fc.property(hostile, fc.integer({ min: 60, max: 200 }), (text, width) => {
        const report = sampleReport();
        const shown = renderTable(
          {
            ...report,
            target: { ...report.target, reference: text, platform: text },
            image: {
              ...report.image,
              os: { id: text, versionId: text, prettyName: text, eol: null },
              layers: [{ ...report.image.layers[0]!, instruction: text }],
            },
            packages: [samplePackage({ type: text, name: text, version: text, arch: text, hiddenBy: 1 })],
            completeness: { ...report.completeness, gaps: [gap('path-escape', text, { path: text })] },
          },
          { width, colour: false },
        );
        expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        for (const line of shown.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

it('a project is of no system', () => {
  const report = sampleReport();
  const shown = (kind: 'dir' | 'rootfs') =>
    renderTable({ ...report, target: { ...report.target, kind } }, { width: 80, colour: false });
  expect(shown('dir')).not.toContain('System');
  expect(shown('rootfs')).toContain('System  Debian');
});

describe('tableOptions', () => {
  it.each([
    [{}, {}, { width: 120, colour: false }],
    [{ columns: 132 }, { TERM: 'xterm' }, { width: 120, colour: false }],
    [{ isTTY: true, columns: 132 }, { TERM: 'xterm' }, { width: 132, colour: true }],
    [{ isTTY: true, columns: 132 }, { NO_COLOR: '1' }, { width: 132, colour: false }],
    [{ isTTY: true, columns: 132 }, { NO_COLOR: '' }, { width: 132, colour: true }],
    [{ isTTY: true, columns: 0 }, { TERM: 'dumb' }, { width: 80, colour: false }],
  ])('%j with %j', (stream, environment, expected) => {
    expect(tableOptions(stream, environment)).toEqual(expected);
  });
});
