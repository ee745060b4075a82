import { PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { readDocument } from './read-document.ts';
import { readRegistriesFile } from './registries-file.ts';
import type { Session } from './session.ts';
import type { ListenAddress } from './webhooks-session.ts';

export interface WebhooksOptions {
  readonly registries: string;
  readonly listen: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly metrics?: string;
  readonly dryRun?: boolean;
}

/** `plimsoll webhooks`: until a signal. Raises USAGE, SETTINGS_INVALID, SECRET_UNREADABLE, LISTEN_FAILED. */
export async function runWebhooks(session: Session, options: WebhooksOptions): Promise<void> {
  if (!options.dryRun) {
    throw new PlimsollError('USAGE', 'This version has no store to record deliveries in: give --dry-run to see them.');
  }
  const registrations = await readRegistriesFile(options.registries);
  const webhooks = await session.webhooks();
  const running = await webhooks.start({
    registrations,
    listen: parseListen(options.listen),
    tls: readTls(options),
    metricsListen: options.metrics === undefined ? null : parseListen(options.metrics),
    print: session.stdout,
    log: session.stderr,
  });
  const { address, metricsAddress } = running;
  const metrics = metricsAddress === null ? '' : `, metrics on ${spoken(metricsAddress)}`;
  session.stderr.write(`plimsoll: webhooks of ${registrations.size} registries on ${spoken(address)}${metrics}\n`);
  await new Promise<void>((resolve) => session.onStop(() => resolve()));
  await running.close();
}

/** `HOST:PORT`, an IPv6 address in brackets. Raises USAGE. */
function parseListen(text: string): ListenAddress {
  const { host, port } = /^(?<host>\[[0-9a-fA-F:.]+\]|[^:[\]\s]+):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new PlimsollError('USAGE', `"${text}" is no HOST:PORT to listen on`);
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function spoken({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function readTls({ tlsCert, tlsKey }: WebhooksOptions): { cert: Buffer; key: Buffer } | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new PlimsollError('USAGE', '--tls-cert and --tls-key are given together');
  }
  const read = (file: string) => Buffer.from(readDocument(file, LIMITS.secretBytes).text);
  return { cert: read(tlsCert), key: read(tlsKey) };
}
