import { z } from 'zod';
import { buildAdmissionInput } from '../admission/admission-input.ts';
import { imagesOf, readWorkload } from '../admission/workload.ts';
import { PlimsollError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { objectOrNull, textOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import { type ImageVerdict, imageVerdict } from './judged-image.ts';
import { DEFAULT_POLICY_SETTINGS, planRules } from './plan.ts';
import type { Policy } from './policy.ts';
import type { PolicyInput } from './policy-input.ts';

/** A request for admission: the object as it would be written, and what differs from the creation of it by a developer. */
const sampleReview = z.strictObject({
  object: z.record(z.string(), z.json()),
  operation: z.enum(['CREATE', 'UPDATE', 'CONNECT']).default('CREATE'),
  subresource: z.string().nullable().default(null),
  user: z
    .strictObject({ name: z.string(), groups: z.array(z.string()) })
    .default({ name: 'alice', groups: ['developers', 'system:authenticated'] }),
  pod: z.record(z.string(), z.json()).nullable().default(null).describe('At CONNECT: what would be logged in to'),
  verdicts: z
    .record(z.string(), imageVerdict.partial())
    .default({})
    .describe(
      'What is known of images, by the text that names them; what one leaves out is that of an image without flaw',
    ),
});

/**
 * One case of one rule: `samples/{allow,deny,near-miss}*.json` beside it. `input` says only what matters: what it leaves out of the input,
 * and of each package, vulnerability, layer and feed, is filled in. `review` is there for rules of admission.
 */
export const sample = z.strictObject({
  about: z.string().min(1),
  rule: z.string(),
  input: z.record(z.string(), z.json()).default({}),
  review: sampleReview.optional(),
  violations: z.array(z.strictObject({ level: z.string().optional(), message: z.string() })),
});

export type Sample = z.infer<typeof sample>;
type SampleReview = z.infer<typeof sampleReview>;

type Json = z.infer<ReturnType<typeof z.json>>;

const PACKAGE = {
  id: 'pkg:deb/debian/sample@1',
  purl: 'pkg:deb/debian/sample@1',
  type: 'deb',
  name: 'sample',
  version: '1',
  arch: null,
  source: null,
  epoch: null,
  modularity: null,
  origin: null,
  vendor: null,
  repository: null,
  licenses: [],
  layer: 0,
  paths: ['var/lib/dpkg/status'],
  ownedBy: null,
  dependsOn: [],
  development: false,
  hiddenBy: null,
  foundBy: ['plimsoll'],
};

const VULNERABILITY = {
  id: 'CVE-2024-0001',
  packageId: PACKAGE.id,
  purl: PACKAGE.purl,
  installedVersion: '1',
  fixedVersion: null,
  aliases: [],
  status: 'affected',
  vendorStatus: null,
  severity: 'medium',
  severitySource: null,
  severities: [],
  cvss: [],
  epss: null,
  kev: null,
  published: null,
  modified: null,
  advisory: { id: 'CVE-2024-0001', url: null, source: 'osv' },
  sources: [],
  confidence: 'high',
  reason: null,
  layer: 0,
};

const LAYER = {
  index: 0,
  digest: null,
  diffId: null,
  size: 1,
  instruction: null,
  base: null,
  contentSets: [],
};

const REPORT = {
  schemaVersion: '1',
  tool: { name: 'plimsoll', version: '0' },
  createdAt: '2026-01-01T00:00:00Z',
  target: { kind: 'oci-dir', reference: 'sample', digest: null, platform: 'linux/amd64' },
  inputs: { db: null, policy: null, exceptions: null, vex: null, config: null },
  engines: [],
  image: { id: null, os: null, architecture: 'amd64', created: null, repositories: [], layers: [], config: null },
  packages: [],
  vulnerabilities: [],
  findings: [],
  completeness: { status: 'complete', layersRead: 1, layersTotal: 1, gaps: [], feeds: [], withoutFeed: [] },
};

const INPUT = {
  stage: 'build',
  image: { reference: 'sample', digest: null, platform: 'linux/amd64' },
  report: REPORT,
  images: null,
  workload: null,
  request: null,
  now: '2026-01-01T00:00:00Z',
  params: {},
};

/** What the elements of lists are filled up with, by where the list stands. */
const ELEMENTS: Readonly<Record<string, Json>> = {
  'report.packages': PACKAGE,
  'report.vulnerabilities': VULNERABILITY,
  'report.image.layers': LAYER,
  'report.completeness.feeds': { ecosystem: 'Debian:12', records: 1, newest: '2026-01-01T00:00:00Z' },
};

const VERDICT: ImageVerdict = {
  digest: `sha256:${'a'.repeat(64)}`,
  decision: 'pass',
  counts: {
    total: { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, none: 0, unknown: 0 },
    fixable: { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, none: 0, unknown: 0 },
    knownExploited: 0,
  },
  violations: [],
  violationCount: 0,
  reasons: [],
  scannedAt: INPUT.now,
};

/** The sample's input with the default parameters of the rules and everything that it leaves out. Raises OBJECT_INVALID. */
export function sampleInput({ input, review }: Sample, policies: readonly Policy[]): PolicyInput {
  const plan = planRules(policies, DEFAULT_POLICY_SETTINGS, { stage: 'admission', images: [], namespace: null });
  const base = review === undefined ? INPUT : reviewedInput(review);
  const params = Object.fromEntries([...plan].map(([rule, planned]) => [rule, { ...planned.params }]));
  return filled({ ...base, params }, input, '') as unknown as PolicyInput;
}

/** What policies see of a review, by the way that real ones go. */
function reviewedInput(review: SampleReview): { [key: string]: Json } {
  const { object, operation, subresource, user, pod, verdicts } = review;
  const typed = objectOrNull(pod ?? object)!;
  const [group = '', version = ''] = /^(?:(.*)\/)?(.*)$/.exec(String(typed.apiVersion))!.slice(1);
  const metadata = objectOrNull(typed.metadata);
  const identity = {
    group,
    version,
    kind: String(typed.kind),
    namespace: textOrNull(metadata?.namespace),
    name: textOrNull(metadata?.name),
  };
  const reading = readWorkload(typed, identity, LIMITS);
  if ('refused' in reading)
    throw new PlimsollError('OBJECT_INVALID', `its object cannot be judged: ${reading.refused}`);
  const request = { ...identity, uid: '0', operation, resource: `${identity.kind.toLowerCase()}s`, subresource, user };
  const images = operation === 'CONNECT' ? [] : imagesOf(reading.workload);
  const known = images.map(({ text }) => {
    const verdict = Object.hasOwn(verdicts, text) ? { ...VERDICT, ...verdicts[text] } : null;
    return verdict && { verdict: verdict as ImageVerdict, failingSince: null };
  });
  const facts = {
    request: { ...request, dryRun: false, object, oldObject: null },
    workload: reading.workload,
    images,
    known,
  };
  return buildAdmissionInput(facts, new Map(), INPUT.now) as unknown as { [key: string]: Json };
}

function filled(base: Json, value: Json, path: string): Json {
  if (Array.isArray(value)) {
    const element = ELEMENTS[path];
    return element === undefined ? value : value.map((item) => filled(element, item, `${path}[]`));
  }
  if (!isObject(value) || !isObject(base)) return value;
  const merged = { ...base };
  for (const [key, item] of Object.entries(value)) {
    merged[key] = filled(base[key] ?? null, item, path === '' ? key : `${path}.${key}`);
  }
  return merged;
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
