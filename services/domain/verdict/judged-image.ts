import { z } from 'zod';
import { SEVERITIES } from './gate.ts';
import { LEVELS } from './level.ts';

const counted = z.strictObject(
  Object.fromEntries(SEVERITIES.map((severity) => [severity, z.int().nonnegative()])) as Record<
    (typeof SEVERITIES)[number],
    z.ZodInt
  >,
);

/** What is kept of an image's report and verdict, for whoever must answer without reading a report. */
export const imageVerdict = z.strictObject({
  digest: z.string().describe('Of the manifest'),
  decision: z.enum(['pass', 'fail', 'unknown']),
  counts: z
    .strictObject({
      total: counted.describe('Vulnerabilities that are not suppressed'),
      fixable: counted.describe('Of them those that have a fix'),
      knownExploited: z.int().nonnegative().describe('Of them those in the KEV catalogue'),
    })
    .nullable()
    .describe('null: no advisory database was asked'),
  violations: z
    .array(
      z.strictObject({
        rule: z.string(),
        level: z.enum([...LEVELS, 'undecided']),
        mode: z.enum(['deny', 'warn']),
        message: z.string(),
      }),
    )
    .describe('Those that deny first; exempt ones are left out; some of each rule'),
  violationCount: z.int().nonnegative().describe('With those that were left out here'),
  reasons: z.array(z.string()).describe('Why the decision is what it is; the first ones'),
  scannedAt: z.iso.datetime({ offset: true }),
});

export type ImageVerdict = z.infer<typeof imageVerdict>;

/** One image of what asks for admission. */
export const judgedImage = z.strictObject({
  text: z.string().describe('The reference as it is written'),
  registry: z.string().nullable().describe('null, and the next three: the text names no image'),
  repository: z.string().nullable(),
  tag: z.string().nullable(),
  digest: z.string().nullable().describe('That the reference names'),
  problem: z.string().nullable().describe('Why the text names no image'),
  usedBy: z.array(z.string()).describe('Names of containers, and of volumes as `volume NAME`'),
  verdict: imageVerdict.nullable().describe('null: none is known'),
  binding: z
    .boolean()
    .describe('The verdict is of the digest that the reference names, and not of what its tag last meant'),
});

export type JudgedImage = z.infer<typeof judgedImage>;
