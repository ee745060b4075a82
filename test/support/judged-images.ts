import type { Decision, JudgedImage } from '../../services/pipeline/store-ports.ts';
import { samplePackage, sampleReport } from './sample-report.ts';

let made = 0;

/** Another digest each time. */
export function anotherDigest(): string {
  return `sha256:${(made++).toString(16).padStart(64, '0')}`;
}

const READ_BY = anotherDigest();

/** An image with one package, as it is handed to the store. */
export function judgedSample(
  digest: string,
  decision: Decision = 'pass',
  more: Partial<JudgedImage> = {},
): JudgedImage {
  const report = { ...sampleReport(), packages: [samplePackage({ name: 'curl', version: '7.88.1-10' })] };
  return {
    digest,
    report,
    readBy: READ_BY,
    judgedWith: null,
    judgedBy: anotherDigest(),
    decision,
    counts: { high: 1 },
    document: `{"of":"${digest}","decision":"${decision}"}`,
    documentDigest: anotherDigest(),
    packageNames: ['pkg:deb/debian/curl'],
    ...more,
  };
}
