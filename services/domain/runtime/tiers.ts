import type { SensorPrograms } from './sensor-frame.ts';

/** How a control stops what a profile forbids in this kernel. */
export interface ControlTier {
  readonly control: 'exec' | 'connect' | 'listen' | 'file';
  /** `denied`: the call fails with EPERM; `killed`: the process is ended before its first instruction; `none`: not stopped. */
  readonly tier: 'denied' | 'killed' | 'none';
  readonly reason: string;
}

const NEEDED = {
  exec: ['process_exec'],
  connect: ['connect4', 'connect6', 'sendmsg4', 'sendmsg6', 'create_socket'],
  listen: ['bind4', 'bind6', 'arrive'],
} as const;

/** From what was really attached: settings of a kernel say less than they promise. */
export function tiersOf({ programs }: Pick<SensorPrograms, 'programs'>): ControlTier[] {
  const refused = (name: string) => {
    const found = programs.find((each) => each.name === name);
    if (found === undefined) return `${name} is not in this sensor`;
    return found.refusedAt === null ? null : `${found.hook}: ${found.reason}`;
  };
  const tier = (control: keyof typeof NEEDED, most: 'denied' | 'killed', reason: string): ControlTier => {
    const lacks = NEEDED[control].flatMap((name) => refused(name) ?? []);
    return lacks.length === 0 ? { control, tier: most, reason } : { control, tier: 'none', reason: lacks.join('; ') };
  };
  const lsm = refused('probe_lsm_exec');
  return [
    tier('exec', 'killed', lsm === null ? 'BPF LSM would take a deny; it is not used yet' : `no BPF LSM (${lsm})`),
    tier('connect', 'denied', 'cgroup hooks: connect, sendmsg, sockets that they do not see'),
    tier('listen', 'denied', 'cgroup hooks: bind, and the first packet of a TCP connection'),
    { control: 'file', tier: 'none', reason: 'not built yet' },
  ];
}
