import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import type { Registry } from 'prom-client';
import { PlimsollError } from '../services/domain/errors.ts';
import { addRegistryWebhooks } from './registry/receiver.ts';
import type { ReceiverDependencies } from './registry/receiver-ports.ts';

/** `HOST:PORT`, an IPv6 address in brackets. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface ServerOptions {
  readonly listen: ListenAddress;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Where metrics are told, apart from the address that registries see; null: nowhere. */
  readonly metricsListen: ListenAddress | null;
  readonly register: Registry;
}

export interface RunningServer {
  /** As it turned out, also where port 0 was asked for. */
  readonly address: ListenAddress;
  readonly metricsAddress: ListenAddress | null;
  /** Takes no more requests, ends those that are there, and resolves. */
  close(): Promise<void>;
}

/** A delivery is small, and registries are not slow. Milliseconds. */
const REQUEST_MS = 30_000;

/** Webhooks in a process of their own. Raises LISTEN_FAILED. */
export async function startWebhookServer(
  options: ServerOptions,
  receiver: ReceiverDependencies,
): Promise<RunningServer> {
  const settings = { requestTimeout: REQUEST_MS, connectionTimeout: REQUEST_MS, disableRequestLogging: true };
  const app = fastify(options.tls === null ? settings : ({ ...settings, https: options.tls } as typeof settings));
  app.get('/livez', () => 'ok\n');
  app.get('/readyz', () => 'ok\n');
  addRegistryWebhooks(app, receiver);
  const metrics = fastify(settings);
  metrics.get('/metrics', async (_request, reply) => {
    return reply.type(options.register.contentType).send(await options.register.metrics());
  });
  const close = async () => {
    await Promise.all([app.close(), metrics.close()]);
  };
  try {
    await listen(app, options.listen);
    if (options.metricsListen !== null) await listen(metrics, options.metricsListen);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    address: addressOf(app.server.address()),
    metricsAddress: options.metricsListen === null ? null : addressOf(metrics.server.address()),
    close,
  };
}

async function listen(app: { listen(options: ListenAddress): Promise<string> }, address: ListenAddress): Promise<void> {
  try {
    await app.listen(address);
  } catch (cause) {
    throw new PlimsollError('LISTEN_FAILED', `Nothing can listen on ${address.host}:${address.port}`, { cause });
  }
}

function addressOf(address: string | AddressInfo | null): ListenAddress {
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no address');
  return { host: address.address, port: address.port };
}
