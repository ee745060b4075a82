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
  const lsm = refused('deny_exec');
  const write = refused('deny_write') ?? refused('deny_truncate');
  return [
    lsm === null
      ? tier('exec', 'denied', 'BPF LSM; what it does not see is killed at exec')
      : tier('exec', 'killed', `no BPF LSM (${lsm})`),
    tier('connect', 'denied', 'cgroup hooks: connect, sendmsg, sockets that they do not see'),
    tier('listen', 'denied', 'cgroup hooks: bind, and the first packet of a TCP connection'),
    write === null
      ? { control: 'file', tier: 'denied', reason: 'BPF LSM: open for writing, truncate' }
      : { control: 'file', tier: 'none', reason: `no BPF LSM (${write}); it is told after it happened` },
  ];
}
