import { z } from 'zod';

/* The section `admission` of a server's settings: docs/admission.md lists the same keys. What rules and policies come to is in the settings of policies. */

const path = z.string().min(1).max(4_096);
const dnsName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/, 'it is no DNS name in lower case');
const days = z.number().positive().max(3_650);

export const admissionServer = z
  .strictObject({
    listen: z
      .string()
      .regex(/^(?:\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'write ADDRESS:PORT, as in 0.0.0.0:8443')
      .default('0.0.0.0:8443')
      .describe('Where reviews come to, over TLS alone'),
    serverNames: z.array(dnsName).min(1).max(100).describe('What API servers call us: SERVICE.NAMESPACE.svc'),
    certificate: z
      .strictObject({ file: path, keyFile: path })
      .optional()
      .describe('From files, read again when they change; without it Plimsoll makes its own'),
    own: z
      .strictObject({
        secret: z.string().min(1).max(253).default('plimsoll-admission-certificates').describe('In our namespace'),
        file: path.optional().describe('In the place of a secret, where there is no Kubernetes'),
        authorityDays: days.default(365),
        serverDays: days.default(30),
        overlapMinutes: z.number().positive().max(10_080).default(60),
      })
      .prefault({})
      .describe('Certificates of our own'),
    certificateSeconds: z.int().positive().max(3_600).default(30).describe('How often certificates are looked at'),
    clientAuthorities: path.optional().describe('PEM of those who vouch for API servers; read again when it changes'),
    clientNames: z.array(z.string().min(1).max(253)).min(1).optional().describe('Common names that callers may have'),
    pathSecretFile: path.optional().describe('What ends each path, where callers show no certificate'),
    configurations: z
      .array(
        z.strictObject({
          kind: z.enum(['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']),
          name: z.string().min(1).max(253),
        }),
      )
      .max(20)
      .default([])
      .describe('Whose caBundle is kept up to date'),
    mutate: z.boolean().default(false).describe('Whether tags of Pods are replaced by digests (/admission/mutate)'),
    kubeconfig: path.optional().describe('How the API server is reached; without it the service account of the Pod'),
    scansPerMinute: z
      .int()
      .positive()
      .max(6_000)
      .default(30)
      .describe('Scans of unknown images that one namespace may cause'),
    tagRefreshMinutes: z.number().positive().max(1_440).default(5).describe('How old may be where a tag points'),
    policyMs: z.int().min(10).max(25_000).default(2_000).describe('One evaluation of one policy bundle'),
    policyReloadSeconds: z
      .int()
      .positive()
      .max(3_600)
      .default(10)
      .describe('How often policies are looked at for changes'),
    allowWeaker: z.boolean().default(false).describe('Whether changed policies may drop or soften rules'),
  })
  .refine(({ clientAuthorities, pathSecretFile }) => clientAuthorities !== undefined || pathSecretFile !== undefined, {
    message:
      'give clientAuthorities, so that only API servers may ask; or pathSecretFile, and keep others from the port',
  })
  .refine(({ clientAuthorities, clientNames }) => clientAuthorities !== undefined || clientNames === undefined, {
    path: ['clientNames'],
    message: 'nobody vouches for names without clientAuthorities',
  });

export type AdmissionServerSettings = z.infer<typeof admissionServer>;
