import { type FastifyInstance, fastify } from 'fastify';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import { readRegistrations } from '../../services/domain/registries/registration.ts';
import { openRegistrations } from '../../webhooks/registry/open-registrations.ts';
import { addRegistryWebhooks } from '../../webhooks/registry/receiver.ts';
import { ReceiverMetrics } from '../../webhooks/registry/receiver-metrics.ts';
import type { ReceivedDelivery, ReceiverDependencies } from '../../webhooks/registry/receiver-ports.ts';

/** The secret of every registration here. */
export const HOOK_SECRET = 'canary-0123456789abcdef';
const secrets = [{ environment: 'HOOK' }];
export const TOPIC = 'arn:aws:sns:us-west-2:123456789012:images';
const ECR_HOST = '123456789012.dkr.ecr.us-west-2.amazonaws.com';

/** One registration of each kind, called as its kind, and ECR over SNS. */
export const REGISTRATIONS = [
  { id: 'acr', kind: 'acr', host: 'shop.azurecr.io', webhook: { method: 'header', header: 'X-Plimsoll', secrets } },
  { id: 'distribution', kind: 'distribution', host: 'r.example.org', webhook: { method: 'bearer', secrets } },
  { id: 'docker-hub', kind: 'docker-hub', webhook: { method: 'path', secrets } },
  { id: 'ecr', kind: 'ecr', host: ECR_HOST, webhook: { method: 'basic', username: 'plimsoll', secrets } },
  { id: 'sns', kind: 'ecr', host: ECR_HOST, webhook: { method: 'sns', topic: TOPIC } },
  { id: 'ghcr', kind: 'ghcr', webhook: { method: 'hmac', secrets } },
  { id: 'gitlab', kind: 'gitlab', host: 'registry.gitlab.example.org', webhook: { method: 'bearer', secrets } },
  { id: 'harbor', kind: 'harbor', host: 'harbor.example.org', webhook: { method: 'bearer', secrets } },
  { id: 'quay', kind: 'quay', host: 'quay.example.org', webhook: { method: 'path', secrets } },
];

export interface TestReceiver {
  readonly app: FastifyInstance;
  readonly accepted: ReceivedDelivery[];
  /** Everything that was logged, as one text. */
  logged(): string;
  /** `kind registry result` → count. */
  results(): Promise<Readonly<Record<string, number>>>;
  /** `registry outcome` → count. */
  events(): Promise<Readonly<Record<string, number>>>;
}

/** The receiver of the running test. */
export function testReceiver(
  changes: Partial<ReceiverDependencies> & {
    readonly registries?: readonly unknown[];
    readonly lowered?: Partial<Limits>;
  } = {},
): TestReceiver {
  const { registries = REGISTRATIONS, lowered = {}, ...dependencies } = changes;
  const app = fastify();
  onTestFinished(() => app.close());
  const register = new Registry();
  const accepted: ReceivedDelivery[] = [];
  const lines: string[] = [];
  const write = (fields: object, message: string) => lines.push(`${message} ${JSON.stringify(fields)}`);
  addRegistryWebhooks(app, {
    registrations: openRegistrations(readRegistrations({ registries }, 'test').values(), () => HOOK_SECRET),
    accept: async (delivery) => {
      accepted.push(delivery);
      return { id: `delivery-${accepted.length}`, replay: false };
    },
    sns: {
      certificate: () => Promise.reject(new Error('no certificate in this test')),
      confirm: () => Promise.reject(new Error('no confirmation in this test')),
    },
    metrics: new ReceiverMetrics(register),
    log: { info: write, warn: write },
    mayLogRefusal: () => true,
    limits: { ...LIMITS, ...lowered },
    now: Date.now,
    ...dependencies,
  });
  const counts = async (name: string, labels: readonly string[]) => {
    const { values } = (await register.getSingleMetric(name)!.get()) as {
      values: { labels: Record<string, string>; value: number }[];
    };
    return Object.fromEntries(values.map((each) => [labels.map((label) => each.labels[label]).join(' '), each.value]));
  };
  return {
    app,
    accepted,
    logged: () => lines.join('\n'),
    results: () => counts('plimsoll_webhook_deliveries_total', ['kind', 'registry', 'result']),
    events: () => counts('plimsoll_webhook_events_total', ['registry', 'outcome']),
  };
}
