import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { LIMITS } from '../services/domain/limits.ts';
import { TokenBucket } from '../services/domain/token-bucket.ts';
import { addRegistryWebhooks } from './registry/receiver.ts';
import { ReceiverMetrics } from './registry/receiver-metrics.ts';
import type { ReceiverDependencies } from './registry/receiver-ports.ts';

export interface WebhooksOptions extends Pick<ReceiverDependencies, 'registrations' | 'accept' | 'sns' | 'log'> {
  readonly register: Registry;
}

/** The webhooks of registries on a server, with the clock and the limits of a process. */
export function addWebhooks(app: FastifyInstance, { register, ...options }: WebhooksOptions): void {
  const refusals = new TokenBucket(LIMITS.refusalsLoggedPerMinute, Date.now());
  addRegistryWebhooks(app, {
    ...options,
    metrics: new ReceiverMetrics(register),
    mayLogRefusal: () => refusals.take(Date.now()),
    limits: LIMITS,
    now: Date.now,
  });
}
