import type { LAYOUT } from './layout.ts';

/**
 * What the sensor sees in the kernel, decoded (services/agent/sensor/events.h). Times are nanoseconds of CLOCK_BOOTTIME;
 * ids of processes are those of the first namespace unless they say otherwise.
 */
export type RuntimeEvent =
  | ExecEvent
  | ForkEvent
  | ExitEvent
  | SocketEvent
  | CallEvent
  | CgroupEvent
  | MoveEvent
  | StartEvent;

export type EventKind = RuntimeEvent['kind'];

/** A system call by the name of its manual page; `compat`: any of the 32-bit ABI. */
export type CallName = (typeof LAYOUT.calls)[number];

/** `denied`: it did not happen. `killed`: it had begun, and its process was ended. `would-deny`: shadow mode. */
export type EventVerdict = 'observed' | 'would-deny' | 'denied' | 'killed';

/** A process for as long as the machine is up: ids are used again, ids with a start are not. */
export interface ProcessKey {
  readonly id: number;
  readonly startNs: bigint;
}

/** Who did it. */
export interface EventProcess extends ProcessKey {
  readonly thread: number;
  readonly parent: ProcessKey;
  /** Its id in its own namespace. */
  readonly containerProcessId: number;
  readonly userId: number;
  readonly groupId: number;
  /** The first 15 bytes of its name. */
  readonly command: string;
  /** Inode number of its mount namespace. */
  readonly mountNamespace: number;
}

interface EventBase {
  readonly timeNs: bigint;
  readonly cgroupId: bigint;
  /** The cgroup of the container as its hook named it; null where no hook did. */
  readonly containerCgroupId: bigint | null;
  /** Numeric workload identity; null where none is known. */
  readonly workload: bigint | null;
  readonly profile: number | null;
  readonly ruleId: bigint | null;
  readonly verdict: EventVerdict;
  /** null where the sensor itself says so: what was there before it. */
  readonly process: EventProcess | null;
}

/**
 * Where the bytes of a file come from. `image`: a lower layer of the overlay, or a plain root file system as its hook found it;
 * `written`: the upper layer, or changed since.
 */
export type FileOrigin = 'unknown' | 'image' | 'written' | 'memory' | 'other';

/** A program before its first instruction. */
export interface ExecEvent extends EventBase {
  readonly kind: 'exec';
  /** From the root of the mount namespace; of a script, its interpreter. */
  readonly path: string;
  /** Only the end of `path`, or of `directory`: it was deeper or longer than is walked. */
  readonly pathCut: boolean;
  /** As it was given to execve(2); of a script, the script. */
  readonly name: string;
  readonly directory: string;
  readonly arguments: readonly string[];
  readonly argumentsCut: boolean;
  /** Memory that could not be read: `arguments` are not all. */
  readonly unreadable: boolean;
  readonly file: {
    readonly inode: bigint;
    /** dev_t as the kernel holds it. */
    readonly device: number;
    readonly mode: number;
    readonly ownerId: number;
    readonly links: number;
    /** ctime, in nanoseconds since 1970. */
    readonly changedNs: bigint;
    readonly origin: FileOrigin;
  };
  readonly effectiveUserId: number;
  /** The user who logged in (audit); null where nobody did. */
  readonly loginId: number | null;
  /** Effective capabilities as a bit set (capabilities(7)). */
  readonly capabilities: bigint;
}

export interface ForkEvent extends EventBase {
  readonly kind: 'fork';
  readonly child: ProcessKey;
  /** In the child's own namespace. */
  readonly childContainerProcessId: number;
}

export interface ExitEvent extends EventBase {
  readonly kind: 'exit';
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly signal: number | null;
}

export interface SocketEvent extends EventBase {
  /** `bind`, `listen`: the local address; `arrive`: the peer, and the local port; `socket`: neither; else the peer. */
  readonly kind: 'connect' | 'connected' | 'accept' | 'bind' | 'listen' | 'send' | 'arrive' | 'socket';
  /** RFC 5952; IPv4 within IPv6 as `::ffff:a.b.c.d`. */
  readonly address: string | null;
  readonly port: number | null;
  /** Our end, of `connected` and `accept`. */
  readonly local: { readonly address: string; readonly port: number } | null;
  /** How a connect ended; null: it is connected, or this is no end. */
  readonly error: string | null;
  /** When the connect was called that ends here. */
  readonly askedNs: bigint | null;
  readonly socketType: 'stream' | 'datagram' | 'raw' | `type-${number}`;
  readonly protocol: 'tcp' | 'udp' | `protocol-${number}`;
  readonly socket: bigint;
  /** The same again since the event before, which were not sent one by one. */
  readonly repeats: bigint;
}

/** A path of a system call. */
export interface CallPath {
  /** From the root of the mount namespace where the kernel walked it; else as the call was given it, behind its directory. */
  readonly path: string;
  /** As it was given; null where a descriptor named the file. */
  readonly name: string | null;
}

/** A system call that is over. */
export interface CallEvent extends EventBase {
  readonly kind:
    | 'open'
    | 'create'
    | 'rename'
    | 'unlink'
    | 'chmod'
    | 'trace'
    | 'mount'
    | 'namespace'
    | 'identity'
    | 'capabilities'
    | 'module'
    | 'bpf'
    | 'keys'
    | 'coverage';
  readonly call: CallName;
  /** What it returned; null where it failed. */
  readonly result: bigint | null;
  /** The name of its errno; null: it succeeded. */
  readonly error: string | null;
  /** Those that mean something by themselves, by the names of the manual. */
  readonly arguments: Readonly<Record<string, number>>;
  readonly file: CallPath | null;
  /** Of rename the new name; of links what they lead to; of mounts the source; of modules and keys the name. */
  readonly target: CallPath | null;
  /** Texts come from the memory of the process after the call: another thread may have changed them meanwhile. */
  readonly racy: boolean;
  readonly pathCut: boolean;
  readonly unreadable: boolean;
  /** The file that was opened, where it is known. */
  readonly opened: {
    readonly inode: bigint;
    readonly device: number;
    readonly mode: number;
    readonly origin: FileOrigin;
  } | null;
  /** The same again since the event before, which were not sent one by one. */
  readonly repeats: bigint;
}

/** A process of a watched cgroup was put into another one; `process` is the one that was moved. */
export interface MoveEvent extends EventBase {
  readonly kind: 'move';
  readonly toCgroupId: bigint;
  /** From the root of the hierarchy. */
  readonly toPath: string;
  /** Out of all that is watched: no profile holds there. */
  readonly left: boolean;
  /** The id of the process that moved it. */
  readonly moverId: number;
}

export interface CgroupEvent extends EventBase {
  readonly kind: 'cgroup-made' | 'cgroup-gone';
  readonly parentCgroupId: bigint;
  /** From the root of the hierarchy: `/machine.slice/libpod-HEX.scope`. */
  readonly path: string;
  /** It was there before the sensor. */
  readonly existing: boolean;
}

/** What the hook did about the start of a container. */
export interface StartEvent extends EventBase {
  readonly kind: 'start';
  /** false: it was kept from starting. */
  readonly started: boolean;
  /** What the gate answered; null: it was not asked. */
  readonly gate: 'passed' | 'warned' | 'refused' | 'unknown' | null;
  /** Whether it has its profile; `pack`: another in its place; null: it was to have none. */
  readonly held: 'given' | 'pack' | 'missing' | null;
  readonly image: string | null;
  readonly profileName: string | null;
  /** Of the verdict. */
  readonly rule: string | null;
  /** Why the profile is missing, or the verdict. */
  readonly reason: string | null;
}
