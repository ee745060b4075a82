import { encodePath } from '../layers/path.ts';
import { parseNetwork } from '../network/address.ts';
import type { FileOrigin } from './event.ts';
import { ipv4, ipv6 } from './ip-address.ts';
import { LAYOUT } from './layout.ts';
import { invalid, type Profile, type ProfileAction } from './profile.ts';

/** A rule with the number that events name it by. */
export interface NumberedRule {
  readonly id: bigint;
  /** As in `deny exec /bin/nc`, `allow connect 10.0.0.0/8 tcp 443`. */
  readonly text: string;
}

const ACTIONS: Readonly<Record<ProfileAction, number>> = { allow: 0, deny: 1 };
const PROTOCOLS = { tcp: 6, udp: 17 } as const;
/** enum file_origin of events.h. */
const ORIGINS: Readonly<Partial<Record<FileOrigin, number>>> = { written: 2, memory: 3, other: 4 };

const { rule, profile_head, exec_entry, peer_entry, listen_entry } = LAYOUT.structures;
type Field = readonly [offset: number, size: number];

/** A profile as `plimsoll-sensor load` reads it (profile-file.h), and its rules. Raises PROFILE_INVALID where two rules contradict. */
export function encodeProfile(profile: Profile, file: string): { bytes: Uint8Array; rules: readonly NumberedRule[] } {
  const rules: NumberedRule[] = [];
  const seen = new Map<string, string>();
  /** Starts the entry of a rule, which `key` tells from all others of its control. */
  const entry = (size: number, action: ProfileAction, control: string, key: string): DataView => {
    const text = `${action} ${control} ${key}`;
    const before = seen.get(`${control} ${key}`);
    if (before === action) throw invalid(file, `"${text}" stands there twice`);
    if (before !== undefined) throw invalid(file, `${control} ${key} is both allowed and denied`);
    seen.set(`${control} ${key}`, action);
    const id = ruleId(`${profile.name} ${text}`);
    rules.push({ id, text });
    const view = new DataView(new ArrayBuffer(size));
    view.setBigUint64(rule.fields.id[0], id, true);
    view.setUint8(rule.fields.action[0], ACTIONS[action]);
    return view;
  };
  const each = <T>(
    lists: { allow: readonly T[]; deny: readonly T[] },
    encode: (item: T, action: ProfileAction) => DataView[],
  ) => [...lists.allow.flatMap((item) => encode(item, 'allow')), ...lists.deny.flatMap((item) => encode(item, 'deny'))];

  const execs = each(profile.exec, (path, action) => {
    const view = entry(exec_entry.size, action, 'exec', path);
    put(view, exec_entry.fields.path, encodePath(path));
    return [view];
  });
  const peers = each(profile.connect, ({ to, port, protocol }, action) => {
    const { address, bits, text } = peerOf(to);
    const view = entry(peer_entry.size, action, 'connect', [text, protocol ?? [], port ?? []].flat().join(' '));
    view.setUint8(peer_entry.fields.protocol[0], protocol === undefined ? 0 : PROTOCOLS[protocol]);
    view.setUint8(peer_entry.fields.address_bits[0], bits);
    view.setUint16(peer_entry.fields.port[0], port ?? 0, true);
    put(view, peer_entry.fields.address, address);
    return [view];
  });
  const ports = each(profile.listen, ({ port, protocol }, action) => {
    const view = entry(listen_entry.size, action, 'listen', [protocol ?? [], port].flat().join(' '));
    view.setUint8(listen_entry.fields.protocol[0], protocol === undefined ? 0 : PROTOCOLS[protocol]);
    view.setUint16(listen_entry.fields.port[0], port, true);
    return [view];
  });
  const places = each(profile.file, (path, action) => {
    const view = entry(exec_entry.size, action, 'file', path);
    put(view, exec_entry.fields.path, encodePath(path));
    return [view];
  });

  const head = new DataView(new ArrayBuffer(profile_head.size));
  const { fields } = profile_head;
  head.setUint32(fields.layout[0], LAYOUT.version, true);
  head.setUint32(fields.exec_count[0], execs.length, true);
  head.setUint32(fields.peer_count[0], peers.length, true);
  head.setUint32(fields.listen_count[0], ports.length, true);
  head.setUint32(fields.file_count[0], places.length, true);
  head.setUint8(fields.exec_default[0], ACTIONS[profile.exec.default]);
  head.setUint8(fields.connect_default[0], ACTIONS[profile.connect.default]);
  head.setUint8(fields.listen_default[0], ACTIONS[profile.listen.default]);
  head.setUint8(fields.file_default[0], ACTIONS[profile.file.default]);
  head.setUint8(
    fields.denied_origins[0],
    profile.exec.denyOrigins.reduce((set, origin) => set | (1 << ORIGINS[origin]!), 0),
  );
  put(head, fields.name, encodePath(profile.name));
  return { bytes: joined([head, ...execs, ...peers, ...ports, ...places]), rules };
}

/** IPv4 as ::ffff:a.b.c.d, host bits 0: the one form in which peers are looked up. And how it is told. */
function peerOf(network: string): { address: Uint8Array; bits: number; text: string } {
  const { base, bits: own } = parseNetwork(network)!;
  const bits = base.length === 16 ? own : 96 + own;
  const full = base.length === 16 ? base : [...new Array(10).fill(0), 0xff, 0xff, ...base];
  const address = Uint8Array.from(full, (byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))));
  const isMapped =
    bits >= 96 && address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff && address[11] === 0xff;
  const [shown, most, length] = isMapped ? [ipv4(address.subarray(12)), 32, bits - 96] : [ipv6(address), 128, bits];
  return { address, bits, text: length === most ? shown : `${shown}/${length}` };
}

/** FNV-1a, 64 bits: the same rule has the same number in every load and on every node. */
function ruleId(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of encodePath(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash || 1n;
}

function put(view: DataView, [offset]: Field, bytes: Uint8Array): void {
  new Uint8Array(view.buffer, view.byteOffset).set(bytes, offset);
}

function joined(parts: readonly DataView[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, { byteLength }) => size + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer), at);
    at += part.byteLength;
  }
  return bytes;
}
