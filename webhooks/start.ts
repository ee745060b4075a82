import type { Writable } from 'node:stream';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { LIMITS } from '../services/domain/limits.ts';
import { ReceiverMetrics } from './registry/receiver-metrics.ts';
import type { OpenedRegistration, ReceivedDelivery } from './registry/receiver-ports.ts';
import type { SnsEndpoints } from './registry/sns.ts';
import { TokenBucket } from './registry/token-bucket.ts';
import { type RunningServer, type ServerOptions, startWebhookServer } from './server.ts';

export interface StartOptions extends Omit<ServerOptions, 'register'> {
  readonly registrations: readonly OpenedRegistration[];
  accept(delivery: ReceivedDelivery): Promise<{ readonly id: string; readonly replay: boolean }>;
  readonly sns: SnsEndpoints;
  /** One JSON object a line. */
  readonly log: Writable;
}

/** The receiver of webhooks with metrics, logs and clock of its own process. Raises LISTEN_FAILED. */
export function startReceiver({ log, registrations, accept, sns, ...server }: StartOptions): Promise<RunningServer> {
  const register = new Registry();
  const refusals = new TokenBucket(LIMITS.refusalsLoggedPerMinute, Date.now());
  return startWebhookServer(
    { ...server, register },
    {
      registrations,
      accept,
      sns,
      metrics: new ReceiverMetrics(register),
      log: pino(
        { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } },
        log,
      ),
      mayLogRefusal: () => refusals.take(Date.now()),
      limits: LIMITS,
      now: Date.now,
    },
  );
}
