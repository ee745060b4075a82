import { PlimsollError } from '../domain/errors.ts';
import { readRegistriesFile } from './registries-file.ts';
import type { Session } from './session.ts';

export interface WebhooksOptions {
  readonly config?: string;
  readonly registries?: string;
  readonly listen?: string;
  readonly traces?: string;
  readonly dryRun?: boolean;
}

/** `plimsoll webhooks`: until a signal. Raises what `serve` raises; dry, USAGE, SETTINGS_INVALID, SECRET_UNREADABLE, LISTEN_FAILED. */
export async function runWebhooks(session: Session, options: WebhooksOptions): Promise<void> {
  if (!options.dryRun) {
    const { runServe } = await import('./run-serve.ts');
    await runServe(session, 'webhooks', options);
    return;
  }
  const { registries = session.environment.PLIMSOLL_REGISTRIES, listen = '127.0.0.1:8300' } = options;
  if (registries === undefined) throw new PlimsollError('USAGE', '--dry-run needs --registries');
  const registrations = await readRegistriesFile(registries);
  const webhooks = await session.webhooks();
  const running = await webhooks.startDry({
    registrations,
    listen: parseListen(listen),
    print: session.stdout,
    log: session.stderr,
  });
  const { host, port } = running.address;
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  session.stderr.write(`plimsoll: webhooks of ${registrations.size} registries on ${place}; nothing is recorded\n`);
  await new Promise<void>((resolve) => session.onStop(() => resolve()));
  await running.close();
}

/** `HOST:PORT`, an IPv6 address in brackets. Raises USAGE. */
function parseListen(text: string): { readonly host: string; readonly port: number } {
  const { host, port } = /^(?<host>\[[0-9a-fA-F:.]+\]|[^:[\]\s]+):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new PlimsollError('USAGE', `"${text}" is no HOST:PORT to listen on`);
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
