import type { EventBaseFields } from './decode-base.ts';
import { errnoName } from './errno.ts';
import type { SocketEvent } from './event.ts';
import type { FrameBytes } from './frame-bytes.ts';
import { ipv4, ipv6 } from './ip-address.ts';
import { LAYOUT } from './layout.ts';

const { socket_event } = LAYOUT.structures;
const { fields } = socket_event;

/** socket(2). */
const SOCKET_TYPES: ReadonlyMap<number, SocketEvent['socketType']> = new Map([
  [1, 'stream'],
  [2, 'datagram'],
  [3, 'raw'],
] as const);
const AF_INET = 2;
const AF_INET6 = 10;

/** A `socket_event` behind its head. RangeError where it contradicts itself. */
export function decodeSocket(kind: SocketEvent['kind'], base: EventBaseFields, frame: FrameBytes): SocketEvent {
  frame.expect(socket_event.size);
  const family = frame.number(fields.family);
  if (family !== AF_INET && family !== AF_INET6) throw new RangeError(`no address family ${family} is known`);
  const address = (field: typeof fields.address | typeof fields.local_address) =>
    family === AF_INET ? ipv4(frame.bytes(field)) : ipv6(frame.bytes(field));
  const protocol = frame.number(fields.protocol);
  const type = frame.number(fields.type);
  const error = frame.number(fields.error);
  const hasLocal = kind === 'connected' || kind === 'accept';
  return {
    kind,
    ...base,
    address: kind === 'socket' ? null : address(fields.address),
    port: kind === 'socket' ? null : frame.number(fields.port),
    local: hasLocal ? { address: address(fields.local_address), port: frame.number(fields.local_port) } : null,
    error: error === 0 ? null : errnoName(error),
    askedNs: frame.big(fields.asked_ns) || null,
    socketType: SOCKET_TYPES.get(type) ?? `type-${type}`,
    protocol: protocol === 6 ? 'tcp' : protocol === 17 ? 'udp' : `protocol-${protocol}`,
    socket: frame.big(fields.socket),
    repeats: frame.big(fields.repeats),
  };
}
