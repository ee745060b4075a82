import type { CallName } from './event.ts';

/** A place from 0, and how the register holds it: `int` is signed and has 32 bits, `bits` as many without a sign. */
type Argument = readonly [place: 0 | 1 | 2 | 3, form: 'int' | 'bits'];

const USER = { userId: [0, 'int'] } as const;
const GROUP = { groupId: [0, 'int'] } as const;
const USERS = { userId: [0, 'int'], effectiveUserId: [1, 'int'] } as const;
const GROUPS = { groupId: [0, 'int'], effectiveGroupId: [1, 'int'] } as const;
const MODE_2 = { mode: [1, 'bits'] } as const;
const MODE_3 = { mode: [2, 'bits'] } as const;
const PROCESS = { process: [0, 'int'] } as const;

/** Arguments that mean something by themselves; the others are texts, or addresses in the memory of the process. */
const CALL_ARGUMENTS: Readonly<Partial<Record<CallName, Readonly<Record<string, Argument>>>>> = {
  open: { flags: [1, 'bits'] },
  openat: { flags: [2, 'bits'] },
  openat2: { flags: [2, 'bits'] },
  creat: MODE_2,
  truncate: { length: [1, 'bits'] },
  mkdir: MODE_2,
  mkdirat: MODE_3,
  mknod: MODE_2,
  mknodat: MODE_3,
  unlinkat: { flags: [2, 'bits'] },
  chmod: MODE_2,
  fchmod: { descriptor: [0, 'int'], ...MODE_2 },
  fchmodat: MODE_3,
  fchmodat2: { ...MODE_3, flags: [3, 'bits'] },
  ptrace: { request: [0, 'bits'], process: [1, 'int'] },
  process_vm_readv: PROCESS,
  process_vm_writev: PROCESS,
  mount: { flags: [3, 'bits'] },
  umount2: { flags: [1, 'bits'] },
  open_tree: { flags: [2, 'bits'] },
  fsmount: { attributes: [2, 'bits'] },
  unshare: { flags: [0, 'bits'] },
  setns: { descriptor: [0, 'int'], flags: [1, 'bits'] },
  clone: { flags: [0, 'bits'] },
  clone3: { flags: [0, 'bits'] },
  setuid: USER,
  setgid: GROUP,
  setreuid: USERS,
  setregid: GROUPS,
  setresuid: { ...USERS, savedUserId: [2, 'int'] },
  setresgid: { ...GROUPS, savedGroupId: [2, 'int'] },
  setfsuid: USER,
  setfsgid: GROUP,
  setgroups: { count: [0, 'int'] },
  finit_module: { descriptor: [0, 'int'] },
  bpf: { command: [0, 'int'] },
  keyctl: { operation: [0, 'int'] },
  socket: { family: [0, 'int'], type: [1, 'bits'], protocol: [2, 'int'] },
  io_uring_setup: { entries: [0, 'bits'] },
};

/** The arguments of a call from its first four registers. */
export function namedArguments(call: CallName, registers: readonly bigint[]): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [name, [place, form]] of Object.entries(CALL_ARGUMENTS[call] ?? {})) {
    const value = registers[place]!;
    named[name] = Number(form === 'int' ? BigInt.asIntN(32, value) : BigInt.asUintN(32, value));
  }
  return named;
}
