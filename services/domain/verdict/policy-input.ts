import { z } from 'zod';
import { report } from '../report/report.ts';
import { judgedImage } from './judged-image.ts';
import { STAGES } from './stage.ts';

const named = z.record(z.string(), z.json());

/** See services/domain/admission/workload.ts, which fills it in. */
const workload = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string().nullable().describe('null: the API server is yet to choose one'),
  owner: z.strictObject({ kind: z.string(), name: z.string() }).nullable().describe('The controller that made it'),
  pod: z
    .strictObject({
      path: z.string().describe('Where its spec stands in the object'),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()).describe('Only those that change what a container may do'),
      spec: named.describe('Without the lists of containers'),
    })
    .nullable()
    .describe('What it runs; null: nothing'),
  containers: z.array(
    z.strictObject({
      name: z.string(),
      role: z.enum(['container', 'init', 'sidecar', 'ephemeral']),
      image: z.string().nullable(),
      path: z.string().describe('Where it stands in the object'),
      spec: named,
    }),
  ),
  object: named.nullable().describe('The object itself where it runs nothing: a Role, a Service'),
});

const request = z.strictObject({
  operation: z.enum(['CREATE', 'UPDATE', 'CONNECT']),
  resource: z.string(),
  subresource: z.string().nullable(),
  dryRun: z.boolean(),
  user: z.strictObject({ name: z.string(), groups: z.array(z.string()) }),
  session: z
    .strictObject({
      verb: z.enum(['exec', 'attach', 'portforward']),
      container: z.string().nullable(),
      command: z.array(z.string()),
      stdin: z.boolean(),
      tty: z.boolean(),
      ports: z.array(z.int()),
    })
    .nullable()
    .describe('At CONNECT: the session that is asked for'),
});

/**
 * What every rule sees as `input`, at every stage (policies/input.schema.json). What a stage does not have is null.
 */
export const policyInput = z
  .strictObject({
    stage: z.enum(STAGES),
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
    images: z
      .array(judgedImage)
      .nullable()
      .describe('At admission: those that the workload names, with what is known of them'),
    workload: workload.nullable().describe('The Kubernetes object that would run the images, or be logged in to'),
    request: request.nullable().describe('Who asks, and for what'),
    now: z.iso.datetime({ offset: true }),
    params: z.record(z.string(), z.record(z.string(), z.json())).describe('Parameters of the rules that are asked'),
  })
  .meta({ id: 'PolicyInput' });

export type PolicyInput = z.infer<typeof policyInput>;
