import { describe, expect, test } from 'vitest';
import { sampleReport } from '../../../test/support/sample-report.ts';
import { parseReference } from '../image/reference.ts';
import type { Report, ReportDocument } from '../report/report.ts';
import { reportedImages } from './reported-images.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const verdict = { decision: 'pass', violations: [], reasons: [] };

function report(kind: string, reference: string, of: string, createdAt = '2026-03-01T00:00:00Z') {
  return {
    ...sampleReport(),
    createdAt,
    target: { kind, reference, digest: of, platform: null },
    verdict,
  } as unknown as Report;
}
const asked = (text: string, ...reports: ReportDocument[]) => {
  const image = { text, reference: parseReference(text), problem: null, usedBy: [] };
  return reportedImages(reports)(image)?.verdict.digest ?? null;
};

describe('an image', () => {
  test('is found by its digest, whatever its report is of', () => {
    expect(asked(`registry.example/app@${digest('a')}`, report('oci-dir', './layout', digest('a')))).toBe(digest('a'));
    expect(
      asked(`registry.example/app:1@${digest('b')}`, report('registry', 'registry.example/app:1', digest('a'))),
    ).toBeNull();
  });
  test('is found by the reference that was scanned, in any spelling of it', () => {
    expect(asked('nginx', report('registry', 'docker.io/library/nginx:latest', digest('a')))).toBe(digest('a'));
    expect(asked('nginx:2', report('registry', 'docker.io/library/nginx:latest', digest('a')))).toBeNull();
  });
  test('is found by the digest of its index, where that was scanned', () => {
    const index = `registry.example/app@${digest('c')}`;
    expect(asked(index, report('registry', index, digest('a')))).toBe(digest('c'));
    expect(asked('registry.example/app', report('registry', index, digest('a')))).toBeNull();
  });
  test('of several platforms is what all of them come to', () => {
    const parts = [report('registry', 'a:1', digest('a')), report('registry', 'a:1', digest('b'))];
    const index = { kind: 'registry', reference: 'a:1', digest: digest('c') };
    const document = { schemaVersion: '1', index, reports: parts } as unknown as ReportDocument;
    expect(asked('a:1', document)).toBe(digest('c'));
    expect(asked(`a@${digest('c')}`, document)).toBe(digest('c'));
    expect(asked(`a@${digest('b')}`, document)).toBe(digest('b'));
    const all = { ...document, index: { ...index, reference: '*', digest: null } } as ReportDocument;
    expect(asked('a:1', all)).toBe(digest('b'));
  });
  test('is not found by the path of a file', () => {
    expect(asked('app/image.tar', report('docker-archive', 'app/image.tar', digest('a')))).toBeNull();
  });
  test('has the newest of its reports', () => {
    const reports = [
      report('registry', 'a:1', digest('b'), '2026-03-02T00:00:00Z'),
      report('registry', 'a:1', digest('a')),
    ];
    expect(asked('a:1', ...reports)).toBe(digest('b'));
  });
  test('that names none has none', () => {
    const none = { text: ' ', reference: null, problem: 'p', usedBy: [] };
    expect(reportedImages([report('registry', 'a:1', digest('a'))])(none)).toBeNull();
  });
});
