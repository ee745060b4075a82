import { PlimsollError } from '../domain/errors.ts';
import { isRegistryHost, parseReference } from '../domain/image/reference.ts';
import { LIMITS } from '../domain/limits.ts';
import type { FetchOptions } from '../pipeline/image-ports.ts';
import { printable } from './printable.ts';
import { type RegistryOptions, registryChoice } from './registry-options.ts';
import type { RegistrySession, Session } from './session.ts';

export interface ListOptions extends RegistryOptions {
  readonly json?: boolean;
}

/** `plimsoll registry tags`, `catalog`, `referrers`: asks a registry and prints what it says, whole or not at all. */
export async function runRegistryList(
  session: Session,
  list: 'tags' | 'catalog' | 'referrers',
  asked: string,
  options: ListOptions,
): Promise<void> {
  const registry = list === 'catalog' ? hostOf(asked) : parseReference(asked).registry;
  const client = await session.registries(registryChoice(registry, options));
  const stop = new AbortController();
  const removeHandlers = session.onStop((signal) => stop.abort(new PlimsollError('CANCELLED', `stopped by ${signal}`)));
  try {
    const found = await LISTS[list](client, asked, { limits: LIMITS, signal: stop.signal });
    const text = options.json ? JSON.stringify(found.document, null, 2) : found.lines.map(printable).join('\n');
    session.stdout.write(text === '' ? '' : `${text}\n`);
  } finally {
    removeHandlers();
    await client.close();
  }
}

type Ask = (
  client: RegistrySession,
  asked: string,
  options: FetchOptions,
) => Promise<{ readonly document: unknown; readonly lines: readonly string[] }>;

const LISTS: Readonly<Record<'tags' | 'catalog' | 'referrers', Ask>> = {
  tags: async (client, asked, options) => {
    const { registry, repository } = parseReference(asked);
    const tags = await whole(client.tags({ registry, repository }, options));
    return { document: { registry, repository, tags }, lines: tags };
  },
  catalog: async (client, asked, options) => {
    const registry = hostOf(asked);
    const repositories = await whole(client.repositories(registry, options));
    return { document: { registry, repositories }, lines: repositories };
  },
  referrers: async (client, asked, options) => {
    const reference = parseReference(asked);
    const { registry, repository } = reference;
    const { digest } = await client.resolve(reference, options);
    const referrers = await client.referrers({ registry, repository }, digest, options);
    const lines = referrers.map((each) => `${each.digest}  ${each.artifactType ?? each.mediaType}`);
    return { document: { registry, repository, digest, referrers }, lines };
  },
};

function hostOf(text: string): string {
  const host = text.toLowerCase();
  if (isRegistryHost(host)) return host;
  throw new PlimsollError('USAGE', `"${text}" is no registry; write HOST or HOST:PORT`);
}

async function whole(names: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const name of names) all.push(name);
  return all;
}
