import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { PlimsollError } from '../services/domain/errors.ts';
import { addWebhooks, type WebhooksOptions } from './add-webhooks.ts';

/** `HOST` and port, an IPv6 address without brackets. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface StartOptions extends Omit<WebhooksOptions, 'register' | 'log'> {
  readonly listen: ListenAddress;
  /** One JSON object a line. */
  readonly log: Writable;
}

export interface RunningReceiver {
  /** As it turned out, also where port 0 was asked for. */
  readonly address: ListenAddress;
  /** Takes no more requests, ends those that are there, and resolves. */
  close(): Promise<void>;
}

/** A delivery is small, and registries are not slow. Milliseconds. */
const REQUEST_MS = 30_000;
const HEAD_MS = 10_000;

/** The webhooks of registries on a server that has nothing else. Raises LISTEN_FAILED. */
export async function startReceiver({ log, listen, ...options }: StartOptions): Promise<RunningReceiver> {
  const app = fastify({ requestTimeout: REQUEST_MS, connectionTimeout: REQUEST_MS, disableRequestLogging: true });
  // Node takes the longer of both for the whole request.
  app.server.headersTimeout = HEAD_MS;
  const formatters = { level: (level: string) => ({ level }) };
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, log);
  addWebhooks(app, { ...options, register: new Registry(), log: logger });
  try {
    await app.listen(listen);
  } catch (cause) {
    throw new PlimsollError('LISTEN_FAILED', `Nothing can listen on ${listen.host}:${listen.port}`, { cause });
  }
  const { address, port } = app.server.address() as AddressInfo;
  return { address: { host: address, port }, close: () => app.close() };
}
