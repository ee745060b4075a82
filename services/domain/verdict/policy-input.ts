import { z } from 'zod';
import { report } from '../report/report.ts';

/**
 * What every rule sees as `input`, at every stage (policies/input.schema.json). What a stage does not have is null.
 */
export const policyInput = z
  .strictObject({
    stage: z.enum(['build', 'ship', 'admission', 'runtime']),
    image: z
      .strictObject({
        reference: z.string(),
        digest: z.string().nullable(),
        platform: z.string().nullable(),
      })
      .nullable()
      .describe('What is judged'),
    report: report
      .omit({ verdict: true, timings: true })
      .nullable()
      .describe('Without what is suppressed, and without what the gate leaves out'),
    workload: z.record(z.string(), z.json()).nullable().describe('The Kubernetes object that would run the image'),
    request: z.record(z.string(), z.json()).nullable().describe('Who asks, and for what'),
    now: z.iso.datetime({ offset: true }),
    params: z.record(z.string(), z.record(z.string(), z.json())).describe('Parameters by rule'),
  })
  .meta({ id: 'PolicyInput' });

export type PolicyInput = z.infer<typeof policyInput>;
export type Stage = PolicyInput['stage'];
