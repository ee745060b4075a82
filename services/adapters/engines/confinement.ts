import type { Limits } from '../../domain/limits.ts';
import { findProgram } from './executable.ts';

/** What is put before a command line so that the command sees and does less. */
export interface Confinement {
  readonly prefix: readonly string[];
  /** In namespaces of its own: no network, and all its processes end with the first one. */
  readonly isolated: boolean;
}

/** Where system tools lie beside what PATH names; sbin is not in everybody's. */
const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin';
const NAMESPACES = ['--net', '--pid', '--fork', '--kill-child', '--'];
const OWN_PROC = '--mount-proc';
const AS_USER = ['--user', '--map-root-user'];
const PROBE_MS = 10_000;

/**
 * The strongest confinement that this machine allows, by trying: network and process namespaces with a /proc of their
 * own, that of a plain user, that without a /proc (in containers), and none. Tools of util-linux do it, where they are:
 * setpriv ends the engine with us whatever ends us, prlimit bounds its memory.
 */
export async function strongestConfinement(path: string | undefined, limits: Limits): Promise<Confinement> {
  const search = `${path ?? ''}:${SYSTEM_PATH}`;
  const [setpriv, unshare, prlimit, nothing] = await Promise.all(
    ['setpriv', 'unshare', 'prlimit', 'true'].map((name) => findProgram(name, search)),
  );
  const bound = prlimit ? [prlimit, `--data=${limits.engineMemoryBytes}`, '--core=0', '--'] : [];
  const tied = setpriv ? [setpriv, '--pdeathsig', 'KILL', '--'] : [];
  const isolations = unshare
    ? [[OWN_PROC], [...AS_USER, OWN_PROC], AS_USER].map((flags) => [unshare, ...flags, ...NAMESPACES])
    : [];
  for (const isolation of [...isolations, []]) {
    const prefix = [...tied, ...isolation, ...bound];
    if (nothing && (await runs([...prefix, nothing]))) return { prefix, isolated: isolation.length > 0 };
  }
  return { prefix: [], isolated: false };
}

async function runs([program, ...args]: readonly string[]): Promise<boolean> {
  const { execa } = await import('execa');
  const { failed } = await execa(program!, args, {
    env: {},
    extendEnv: false,
    stdio: 'ignore',
    timeout: PROBE_MS,
    killSignal: 'SIGKILL',
    reject: false,
  });
  return !failed;
}
