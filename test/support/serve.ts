import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type CommandOptions, type RunningCommand, startCommand } from './scan.ts';

/** `plimsoll serve` as a process, and a client of its API. */
export interface Served {
  readonly command: RunningCommand;
  readonly address: string;
  /** null where it printed none: it was not the first start. */
  readonly firstToken: string | null;
  /** Asks as the holder of `token`; null: as nobody. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answered>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface AskOptions {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly redirect?: 'follow' | 'manual';
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it as it pleases
  readonly json: any;
}

export interface ServeOptions {
  readonly directory: string;
  readonly role?: 'serve' | 'api' | 'worker' | 'webhooks';
  /** What later asks use where they name no token. */
  readonly token?: string | null;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** See CommandOptions. */
  readonly under?: readonly string[];
  /** Told of all that it writes, before anything else is. */
  readonly onText?: (text: string) => void;
}

let started = 0;

/** Starts it on a free port with its data below `directory`, and waits until it is ready. */
export async function startServe(options: ServeOptions): Promise<Served> {
  const { directory, role = 'serve', settings = {}, environment = {}, under = [] } = options;
  mkdirSync(directory, { recursive: true });
  // PostgreSQL's account passes through.
  chmodSync(directory, 0o711);
  const config = join(directory, `serve-${started++}.json`);
  writeFileSync(
    config,
    JSON.stringify({
      listen: '127.0.0.1:0',
      dataDirectory: join(directory, 'data'),
      scan: { db: 'starter' },
      ...settings,
    }),
  );
  const commandOptions: CommandOptions = { environment, under, timeoutMs: 300_000 };
  const command = startCommand([role, '--config', config], commandOptions);
  onTestFinished(async () => {
    command.kill('SIGTERM');
    await command.result;
  });
  let output = '';
  command.onText((piece) => {
    options.onText?.(piece);
    output += piece;
  });
  await command.saw('"msg":"ready"');
  const address = /"address":"(https?:[^"]+)"[^\n]*"msg":"ready"/.exec(output)![1]!;
  const firstToken = /plimsoll_[\w-]+/.exec(output)?.[0] ?? null;
  const known = options.token ?? firstToken;
  return {
    command,
    address,
    firstToken,
    ask: async (method, path, { token = known, body, headers = {}, redirect = 'follow' } = {}) => {
      const response = await fetch(`${address}${path}`, {
        method,
        redirect,
        headers: {
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: isJson && text ? JSON.parse(text) : null,
      };
    },
    stop: async () => {
      command.kill('SIGTERM');
      return (await command.result).code;
    },
  };
}

/** The job once it is over, however it ended. */
export async function jobEnded(served: Served, id: string) {
  const now = async () => (await served.ask('GET', `/api/v1/jobs/${id}`)).json;
  await expect
    .poll(async () => (await now()).state, { timeout: 60_000, interval: 100 })
    .toMatch(/^(?:done|failed|cancelled)$/);
  return await now();
}
