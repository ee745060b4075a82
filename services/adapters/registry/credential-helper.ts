import { PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import type { Credentials } from './credentials.ts';

/** docker-credential-helpers: "the name is [a-z0-9-]+"; it becomes part of the name of a program. */
const NAME = /^[a-z0-9-]+$/;
/** What helpers say where they have nothing (docker-credential-helpers, credentials/error.go). */
const NOTHING = /credentials not found|no credentials server URL|not find/i;
/** Instead of a user name, where the secret is an identity token. */
const TOKEN_USER = '<token>';

export interface HelperOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly limits: Limits;
  readonly signal: AbortSignal;
}

/**
 * Asks `docker-credential-NAME` of PATH; null where it has nothing for the server. Its output is a secret and stands in no
 * message. REGISTRY_DENIED where it fails, takes too long (credentialHelperMs) or says too much (credentialBytes).
 */
export async function askHelper(name: string, server: string, options: HelperOptions): Promise<Credentials | null> {
  const program = `docker-credential-${name}`;
  const refuse = (why: string): never => {
    throw new PlimsollError('REGISTRY_DENIED', `${program}, which the Docker configuration names, ${why}`, {
      details: { helper: name.slice(0, 100) },
    });
  };
  if (!NAME.test(name)) {
    throw new PlimsollError(
      'REGISTRY_DENIED',
      `"${name.slice(0, 100)}" is no name of a credential helper: those are [a-z0-9-]+`,
    );
  }
  const { environment, limits, signal } = options;
  const { execa } = await import('execa');
  const child = execa(program, ['get'], {
    input: server,
    // Our own secrets are none of its business.
    env: Object.fromEntries(Object.entries(environment).filter(([key]) => !key.startsWith('PLIMSOLL_'))),
    extendEnv: false,
    reject: false,
    maxBuffer: limits.credentialBytes,
    stderr: 'ignore',
    // Its own group, which is ended as a whole: what it started may hold its output open.
    detached: true,
  });
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  };
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, limits.credentialHelperMs);
  const onAbort = (): void => end();
  (signal as EventTarget & AbortSignal).addEventListener('abort', onAbort, { once: true });
  const { failed, exitCode, stdout, isMaxBuffer, code } = await child;
  clearTimeout(timer);
  (signal as EventTarget & AbortSignal).removeEventListener('abort', onAbort);
  end();
  signal.throwIfAborted();
  if (timedOut) refuse(`took longer than ${limits.credentialHelperMs} ms (credentialHelperMs)`);
  if (isMaxBuffer) refuse(`said more than ${limits.credentialBytes} bytes (credentialBytes)`);
  if (code === 'ENOENT') refuse('is not in PATH');
  if (failed && NOTHING.test(stdout)) return null;
  if (failed) refuse(`failed${exitCode === undefined ? '' : ` (exit code ${exitCode})`}`);
  const { username, secret } = answerIn(stdout) ?? refuse('gave no user name and secret');
  if (secret === '') return null;
  return username === TOKEN_USER
    ? { kind: 'identity-token', token: secret }
    : { kind: 'password', username, password: secret };
}

function answerIn(text: string): { username: string; secret: string } | null {
  let answer: { Username?: unknown; Secret?: unknown } | null;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  const { Username: username, Secret: secret } = answer ?? {};
  return typeof username === 'string' && typeof secret === 'string' ? { username, secret } : null;
}
