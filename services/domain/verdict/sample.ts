import { z } from 'zod';
import type { Policy } from './policy.ts';
import type { PolicyInput } from './policy-input.ts';

/**
 * One case of one rule: `samples/{allow,deny,near-miss}*.json` beside it. `input` says only what matters: what it leaves out of the input,
 * and of each package, vulnerability, layer and feed, is filled in.
 */
export const sample = z.strictObject({
  about: z.string().min(1),
  rule: z.string(),
  input: z.record(z.string(), z.json()),
  violations: z.array(z.strictObject({ level: z.string().optional(), message: z.string() })),
});

export type Sample = z.infer<typeof sample>;

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

/** The sample's input with the default parameters of the rules and everything that it leaves out. */
export function sampleInput({ input }: Sample, policies: readonly Policy[]): PolicyInput {
  const defaults = policies
    .flatMap(({ rules }) => rules)
    .map(({ id, params }) => {
      return [id, Object.fromEntries(Object.entries(params).map(([name, schema]) => [name, schema.default]))];
    });
  return filled({ ...INPUT, params: Object.fromEntries(defaults) }, input, '') as unknown as PolicyInput;
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
