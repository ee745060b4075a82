import type { Confinement, ConfinementTerms } from '../../pipeline/ports.ts';

const NAMESPACES = ['--net', '--pid', '--fork', '--kill-child', '--'];
const OWN_PROC = '--mount-proc';
const AS_USER = ['--user', '--map-root-user'];
/** Ends a process with its parent, whatever ends that. */
const TIED = ['--pdeathsig', 'KILL'];
const POWERLESS = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
/** The user and the group that own nothing (systemd: UIDs and GIDs). */
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const PROBE_MS = 30_000;

/**
 * The strongest confinement that this machine allows, by trying: network and process namespaces with a /proc of their own, that of a
 * plain user, that without a /proc (in containers), and none; in each first as nobody, where that is asked for. Tools of util-linux do
 * it, where they are.
 */
export async function strongestConfinement(
  find: (name: string) => Promise<string | null>,
  { limits, powerless, probe }: ConfinementTerms,
): Promise<Confinement> {
  const [setpriv, unshare, prlimit] = await Promise.all(['setpriv', 'unshare', 'prlimit'].map(find));
  const bound = prlimit ? [prlimit, ...limits, '--'] : [];
  const tied = setpriv ? [setpriv, ...TIED, '--'] : [];
  const isolations = unshare
    ? [[OWN_PROC], [...AS_USER, OWN_PROC], AS_USER].map((flags) => [unshare, ...flags, ...NAMESPACES])
    : [];
  // What changes its user is no longer tied, and says so again.
  const users = powerless && setpriv ? [[...POWERLESS, ...NOBODY], POWERLESS, ['--no-new-privs']] : [];
  for (const isolation of [...isolations, []]) {
    for (const user of [...users.map((flags) => [setpriv!, ...TIED, ...flags, '--']), []]) {
      const prefix = [...tied, ...isolation, ...user, ...bound];
      if (await runs([...prefix, ...probe]))
        return { prefix, isolated: isolation.length > 0, bounded: bound.length > 0 };
    }
  }
  return { prefix: [], isolated: false, bounded: false };
}

async function runs([program, ...args]: readonly string[]): Promise<boolean> {
  const { execa } = await import('execa');
  const { failed } = await execa(program!, args, {
    env: {},
    extendEnv: false,
    cwd: '/',
    stdio: 'ignore',
    timeout: PROBE_MS,
    killSignal: 'SIGKILL',
    reject: false,
  });
  return !failed;
}
