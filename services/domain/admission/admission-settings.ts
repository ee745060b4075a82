import { z } from 'zod';

const namespace = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);

/** The section `admission` of the settings file. */
export const admissionSettings = z.strictObject({
  exemptNamespaces: z
    .array(namespace)
    .max(1_000)
    .default(['kube-system'])
    .describe('Names of namespaces in which nothing is judged; names only, for labels are for their owners to change'),
  labelledNamespaces: z
    .array(namespace)
    .max(1_000)
    .default([])
    .describe('Names of namespaces that are exempt too while they have the label admission.plimsoll.io/exempt=true'),
  graceDays: z
    .number()
    .min(0)
    .max(90)
    .default(7)
    .describe('So long an image that was admitted to a namespace is only warned of when a new scan finds it worse'),
  exceptionHelp: z
    .string()
    .min(1)
    .max(500)
    .default('ask the owners of the policy for an exception (policy.exceptions in their settings)')
    .describe('Ends every denial: whom to ask, and how'),
});

export type AdmissionSettings = z.infer<typeof admissionSettings>;
