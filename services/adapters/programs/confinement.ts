import type { Confinement, ConfinementTerms } from '../../pipeline/engine-ports.ts';
import { ownRoot } from './own-root.ts';

const NAMESPACES = ['--net', '--pid', '--fork', '--kill-child', '--'];
const OWN_PROC = '--mount-proc';
const AS_USER = ['--user', '--map-root-user'];
/** Ends a process with its parent, whatever ends that. */
const TIED = ['--pdeathsig', 'KILL'];
const POWERLESS = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
/** The user and the group that own nothing (systemd: UIDs and GIDs). */
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const PROBE_MS = 30_000;

/** One way to confine: the words that are put before a command line, and what they come to. */
interface Isolation {
  readonly prefix: readonly string[];
  readonly isolated: boolean;
  readonly rooted: boolean;
}

/**
 * The strongest confinement that this machine allows, by trying: namespaces with a root of their own, where that is asked for; with a
 * /proc of their own; those of a plain user; those without a /proc (in containers); and none. In each first as nobody, where that is
 * asked for. Tools of util-linux do it, where they are.
 */
export async function strongestConfinement(
  find: (name: string) => Promise<string | null>,
  { limits, powerless, visible, probe }: ConfinementTerms,
): Promise<Confinement> {
  const [setpriv, unshare, prlimit, sh] = await Promise.all(['setpriv', 'unshare', 'prlimit', 'sh'].map(find));
  const bound = prlimit ? [prlimit, ...limits, '--'] : [];
  const tied = setpriv ? [setpriv, ...TIED, '--'] : [];
  const users = powerless && setpriv ? [[...POWERLESS, ...NOBODY], POWERLESS] : [];
  // What changes its user is no longer tied, and says so again.
  const asUser = (flags: readonly string[]): readonly string[] => [setpriv!, ...TIED, ...flags, '--'];
  const weaker = powerless && setpriv ? [asUser(['--no-new-privs']), []] : [[]];
  const root = visible !== null && sh ? ownRoot(sh, visible) : null;
  for (const { prefix: isolation, isolated, rooted } of isolations(unshare ?? null, root)) {
    for (const user of [...users.map(asUser), ...(rooted ? [] : weaker)]) {
      const prefix = [...tied, ...isolation, ...user, ...bound];
      if (await runs([...prefix, ...probe])) return { prefix, isolated, rooted, bounded: bound.length > 0 };
    }
  }
  return { prefix: [], isolated: false, rooted: false, bounded: false };
}

function isolations(unshare: string | null, root: readonly string[] | null): readonly Isolation[] {
  const none = { prefix: [], isolated: false, rooted: false };
  if (unshare === null) return [none];
  const rooted = [['--mount'], [...AS_USER, '--mount']];
  const plain = [[OWN_PROC], [...AS_USER, OWN_PROC], AS_USER];
  return [
    ...(root === null ? [] : rooted).map((flags) => {
      return { prefix: [unshare, ...flags, ...NAMESPACES, ...root!], isolated: true, rooted: true };
    }),
    ...plain.map((flags) => ({ prefix: [unshare, ...flags, ...NAMESPACES], isolated: true, rooted: false })),
    none,
  ];
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
