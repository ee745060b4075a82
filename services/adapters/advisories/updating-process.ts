import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { RefreshedAdvisories, RefreshTerms } from '../../pipeline/advisory-ports.ts';
import type { UpdateMessage } from './update-protocol.ts';

/** What the update may know of our environment: where databases are, whose are trusted, how the network is reached. No secret of ours. */
const VARIABLES = [
  'HOME',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'NO_PROXY',
  'PATH',
  'PLIMSOLL_DB_DIR',
  'PLIMSOLL_DB_KEYS',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
  'TMPDIR',
  'XDG_DATA_HOME',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

/** How long it has to remove what it has begun, where it is stopped. It may be amid a write that hears nothing. */
const STOP_MS = 3_000;

export interface UpdatingProcessOptions {
  readonly signal: AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs `script` (services/update-process.ts) in a process of its own: sorting a database takes minutes in which nothing else is
 * heard, and memory that a server would not give back. Raises what the update raises, WORKER_LOST where its process dies, and the
 * signal's reason. What a killed one has left is removed by the next.
 */
export async function updateInProcess(
  script: URL,
  terms: RefreshTerms,
  { signal, environment }: UpdatingProcessOptions,
): Promise<RefreshedAdvisories> {
  signal.throwIfAborted();
  const env = Object.fromEntries(VARIABLES.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
  const child = fork(script, [], { env, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const { promise, resolve, reject } = Promise.withResolvers<UpdateMessage>();
  const lost = (why: string): void => {
    reject(new PlimsollError('WORKER_LOST', `The process that updates the advisory database ${why}.`));
  };
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  child
    .on('message', (message) => resolve(message as UpdateMessage))
    .on('error', (error) => lost(`failed: ${messageOf(error)}`))
    // After its last message has come.
    .on('close', (code, killedBy) => lost(`ended early (${killedBy ?? `exit ${code}`})`));
  child.send(terms, (error) => {
    if (error !== null) lost(`takes no work: ${messageOf(error)}`);
  });
  try {
    const message = await promise;
    if (message.kind === 'updated') return message.refreshed;
    throw new PlimsollError(message.code, message.message);
  } finally {
    signal.removeEventListener('abort', stop);
    await end(child);
  }
}

/** Lets go of it, which stops it, and kills it where it does not end by that. Settles when it is gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  if (child.connected) child.disconnect();
  const over = new AbortController();
  const late = sleep(STOP_MS, undefined, { signal: over.signal }).then(
    () => void child.kill('SIGKILL'),
    () => {},
  );
  await gone;
  over.abort();
  await late;
}
