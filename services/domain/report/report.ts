import { z } from 'zod';
import { GAP_CLASSES, type GapCode } from '../completeness.ts';
import { LEVELS } from '../verdict/level.ts';
import { mode, ruleId } from '../verdict/policy.ts';

/*
 * Report v1: what one scan found, and what it could not see. Unknown is null; a list that nothing was found for is empty.
 * The JSON Schema (schema/report-v1.schema.json) is generated from these types. Who only needs the types imports them
 * with `import type`: a scan writes reports without loading zod.
 */

const digest = z
  .string()
  .regex(/^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/)
  .meta({ id: 'Digest' });
const count = z.int().nonnegative();
const layerIndex = count.describe('Index in image.layers, base first');
const moment = z.iso.datetime({ offset: true });

export const target = z.strictObject({
  kind: z.enum([
    'docker-archive',
    'oci-archive',
    'oci-dir',
    'registry',
    'docker',
    'podman',
    'containerd',
    'rootfs',
    'dir',
    'dockerfile',
    'sbom',
  ]),
  reference: z.string().describe('As it was given, without the prefix'),
  digest: digest.nullable().describe('Of the manifest that was scanned'),
  platform: z.string().nullable().describe('os/architecture[/variant]'),
});

export const inputs = z
  .strictObject({
    db: digest.nullable(),
    policy: digest.nullable(),
    exceptions: digest.nullable(),
    vex: digest.nullable(),
    config: digest.nullable(),
  })
  .describe('Digests of everything beside the target that shaped this report');

export const engine = z.strictObject({
  name: z.string(),
  version: z.string().nullable(),
  status: z.enum(['ok', 'partial', 'failed']),
});

export const os = z.strictObject({
  id: z.string().describe('ID of os-release, lower case'),
  versionId: z.string().nullable(),
  prettyName: z.string().nullable(),
  eol: z.string().nullable().describe('End of support, as its source states it'),
});

export const layer = z.strictObject({
  index: count,
  digest: digest.nullable().describe('Of the blob as stored'),
  diffId: digest.nullable().describe('Of the uncompressed bytes'),
  size: count.describe('Bytes of the blob as stored'),
  instruction: z.string().nullable().describe('created_by of the aligned history entry'),
  base: z.boolean().nullable().describe('Whether the layer comes from the base image'),
  contentSets: z.array(z.string()).describe('RHEL content sets'),
});

export const imageConfig = z.strictObject({
  user: z.string().nullable(),
  entrypoint: z.array(z.string()),
  cmd: z.array(z.string()),
  exposedPorts: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
});

export const image = z.strictObject({
  id: digest.nullable().describe('Digest of the config'),
  os: os.nullable(),
  architecture: z.string().nullable(),
  created: z.string().nullable().describe('As the config states it'),
  repositories: z.array(z.string()).describe('Package repositories that the distribution names'),
  layers: z.array(layer),
  config: imageConfig.nullable(),
});

export const source = z.strictObject({
  name: z.string(),
  version: z.string().nullable(),
});

export const reportPackage = z
  .strictObject({
    id: z.string().describe('Unique in this report'),
    purl: z.string(),
    type: z.string().describe('purl type'),
    name: z.string(),
    version: z.string().describe("As the ecosystem's own tool prints it"),
    arch: z.string().nullable(),
    source: source.nullable(),
    epoch: count.nullable(),
    modularity: z.string().nullable(),
    origin: z.string().nullable(),
    vendor: z.string().nullable(),
    repository: z.string().nullable(),
    licenses: z
      .array(z.string())
      .describe('SPDX expressions where the package states one, or names it; else as stated'),
    layer: layerIndex.nullable().describe('The layer that brought the package as it is now'),
    paths: z.array(z.string()).describe('The databases or files that name it, no leading slash'),
    ownedBy: z.string().nullable().describe('id of the package that owns these files'),
    dependsOn: z.array(z.string()),
    development: z.boolean().describe('Only to develop or test the project, as its lockfile says'),
    hiddenBy: layerIndex.nullable().describe('The layer that removed the database that lists it; null: installed'),
    foundBy: z.array(z.string()),
  })
  .meta({ id: 'Package' });

const severityLevel = z.enum(['critical', 'high', 'medium', 'low', 'negligible', 'none', 'unknown']);
const share = z.number().min(0).max(1);

export const advisorySource = z.strictObject({
  id: z.string().describe('As its source names it: CVE, GHSA, DSA, RHSA …'),
  url: z.string().nullable(),
  source: z.string().describe('The feed that it came from'),
});

export const statedSeverity = z.strictObject({
  source: z.string(),
  level: severityLevel,
  text: z.string().nullable().describe("The source's own word"),
});

export const cvssScore = z.strictObject({
  source: z.string(),
  version: z.enum(['2.0', '3.0', '3.1', '4.0']),
  vector: z.string(),
  score: z.number().min(0).max(10).describe('Base score'),
});

export const epss = z.strictObject({ probability: share, percentile: share, date: z.string() });

export const kev = z.strictObject({
  added: z.string(),
  due: z.string().nullable(),
  ransomware: z.boolean(),
});

export const suppression = z
  .strictObject({
    by: z.enum(['exception', 'vex']),
    status: z.string().nullable().describe('VEX: not_affected or fixed'),
    justification: z.string().nullable().describe('VEX: the justification label'),
    reason: z.string().nullable(),
    owner: z.string().nullable(),
    source: z.string().describe('The exception, or the VEX document and its author'),
    expires: z.string().nullable().describe('The last day on which it holds'),
  })
  .describe('Why the row counts for no verdict; the row stays');

export const vulnerability = z
  .strictObject({
    id: z.string().describe('The CVE where there is one, else the best known name'),
    aliases: z.array(z.string()),
    packageId: z.string().describe('id of the package in this report'),
    purl: z.string(),
    installedVersion: z.string(),
    fixedVersion: z.string().nullable().describe('The lowest version that resolves it here'),
    status: z
      .enum(['affected', 'fixed', 'will_not_fix', 'fix_deferred', 'end_of_life', 'under_investigation', 'unknown'])
      .describe('fixed: a fix exists; unknown: the versions do not compare, see reason'),
    vendorStatus: z.string().nullable().describe("The vendor's own word"),
    severity: severityLevel,
    severitySource: z.string().nullable().describe('Whose level `severity` is'),
    severities: z.array(statedSeverity),
    cvss: z.array(cvssScore),
    epss: epss.nullable(),
    kev: kev.nullable().describe("CISA's list of known exploited vulnerabilities"),
    published: moment.nullable(),
    modified: moment.nullable(),
    advisory: advisorySource.describe('The record that decided'),
    sources: z.array(advisorySource).describe('All records that speak of it'),
    confidence: z.enum(['high', 'medium', 'low']),
    reason: z.string().nullable().describe('Why the confidence is not high, or the status unknown'),
    layer: layerIndex.nullable().describe('The layer that brought the package'),
    suppressed: suppression.optional(),
  })
  .meta({ id: 'Vulnerability' });

/** Reserved: their shape comes with the parts that fill them. */
const finding = z.looseObject({ kind: z.string(), id: z.string() });

const exempt = z.strictObject({
  by: z.enum(['exception', 'baseline']),
  reason: z.string(),
  owner: z.string().nullable(),
  expires: z.iso.date().nullable(),
});

const violation = z.strictObject({
  policy: z.string().describe('The bundle'),
  rule: ruleId,
  level: z.enum([...LEVELS, 'undecided']).describe('undecided: the rule cannot tell'),
  mode: mode.exclude(['off']),
  message: z.string(),
  evidence: z.record(z.string(), z.unknown()),
  exempt: exempt.nullable().describe('Why it does not count'),
});

const verdictReason = z.strictObject({
  code: z.enum([
    'violated',
    'undecided',
    'policy-failed',
    'input-absent',
    'gap',
    'no-policy',
    'exception-expired',
    'builtin-off',
  ]),
  decides: z.enum(['fail', 'unknown']).nullable().describe('null: it is only shown'),
  message: z.string(),
});

const judgingPolicy = z.strictObject({ name: z.string(), digest, builtin: z.boolean(), rules: count });

const gate = z
  .strictObject({
    failOn: z.string().nullable(),
    severities: z.array(z.string()).nullable(),
    ignoreUnfixed: z.boolean(),
    against: digest.nullable().describe('Of the older report'),
  })
  .describe('Options that narrow what is judged');

export const verdict = z
  .strictObject({
    decision: z.enum(['pass', 'fail', 'unknown']),
    violations: z.array(violation),
    reasons: z.array(verdictReason),
    policies: z.array(judgingPolicy),
    gate,
  })
  .meta({ id: 'Verdict' });

export const reportGap = z
  .strictObject({
    code: z.enum(Object.keys(GAP_CLASSES) as [GapCode, ...GapCode[]]),
    class: z.enum(['blocking', 'listed']),
    layer: layerIndex.nullable(),
    path: z.string().nullable(),
    message: z.string(),
  })
  .meta({ id: 'Gap' });

export const feed = z.strictObject({
  ecosystem: z.string(),
  records: count,
  newest: moment.nullable(),
});

export const completeness = z.strictObject({
  status: z.enum(['complete', 'partial']).describe('partial: a blocking gap exists'),
  layersRead: count,
  layersTotal: count,
  gaps: z.array(reportGap),
  feeds: z.array(feed),
  withoutFeed: z.array(z.string()),
});

export const sandbox = z
  .strictObject({
    fs: z
      .enum(['own-root', 'permission-model'])
      .describe(
        'own-root: a root with nothing in it but code, of which Node lets it read its own; permission-model: Node alone keeps it from files, and sockets among them are in reach',
      ),
    net: z
      .enum(['none', 'host'])
      .describe(
        'none: a network namespace with nothing in it, and no other process in sight; host: the kernel gave none',
      ),
    memory: z
      .enum(['rlimit', 'watchdog'])
      .describe('rlimit: the kernel refuses more (RLIMIT_DATA), and the process is watched; watchdog: it is watched'),
  })
  .describe('What held each process that read a layer; absent where layers were read by threads of the scan itself');

export const report = z
  .strictObject({
    schemaVersion: z.literal('1'),
    tool: z.strictObject({ name: z.literal('plimsoll'), version: z.string() }),
    createdAt: moment,
    target,
    inputs,
    engines: z.array(engine),
    sandbox: sandbox.optional(),
    image,
    packages: z.array(reportPackage),
    vulnerabilities: z.array(vulnerability).optional(),
    findings: z.array(finding),
    completeness,
    verdict: verdict.optional(),
    timings: z.record(z.string(), z.number().nonnegative()).describe('Milliseconds'),
  })
  .meta({ id: 'Report' });

/** All platforms of one index (`--platform all`), or all images of a container engine (`--all`, reference `*`). */
export const indexReport = z
  .strictObject({
    schemaVersion: z.literal('1'),
    index: z.strictObject({ kind: target.shape.kind, reference: z.string(), digest: digest.nullable() }),
    reports: z.array(report),
  })
  .meta({ id: 'IndexReport' });

/** What `--format json` writes. */
export const reportDocument = z.union([report, indexReport]);

/** Reports are values: built once, then only read. */
type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

export type Report = Frozen<z.infer<typeof report>>;
export type IndexReport = Frozen<z.infer<typeof indexReport>>;
export type ReportDocument = Report | IndexReport;
export type ReportImage = Report['image'];
export type ReportLayer = ReportImage['layers'][number];
export type ReportPackage = Report['packages'][number];
export type Vulnerability = NonNullable<Report['vulnerabilities']>[number];
export type Sandbox = NonNullable<Report['sandbox']>;
export type ReportCompleteness = Report['completeness'];
export type ReportVerdict = NonNullable<Report['verdict']>;
