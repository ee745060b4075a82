/** An IP address as its 4 or 16 bytes, in network order. */
export type Address = readonly number[];

/** A range of addresses: those whose first `bits` bits are those of `base`. */
export interface Network {
  readonly base: Address;
  readonly bits: number;
}

/**
 * Who is reached at an address. `metadata`: where clouds hand out credentials to whoever asks from inside. `reserved`:
 * everything that no service has an address in (RFC 6890 and the IANA special-purpose registries).
 */
export type Reach = 'public' | 'private' | 'loopback' | 'link-local' | 'metadata' | 'reserved';

/** Four decimal numbers, or IPv6 in any of its spellings (RFC 4291, 2.2), with or without a zone; null for anything else. */
export function parseAddress(text: string): Address | null {
  return parseIpv4(text) ?? parseIpv6(text.replace(/%.*$/s, ''));
}

function parseIpv4(text: string): Address | null {
  if (!/^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/.test(text)) return null;
  const bytes = text.split('.').map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function parseIpv6(text: string): Address | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [front, back] = halves.map(groupBytes);
  if (front === undefined || front === null || back === null) return null;
  if (back === undefined) return front.length === 16 ? front : null;
  const missing = 16 - front.length - back.length;
  // "::" stands for one group of zeros at least.
  return missing < 2 ? null : [...front, ...new Array<number>(missing).fill(0), ...back];
}

/** Groups of up to four hexadecimal digits, the last perhaps an IPv4 address; null where one is not. */
function groupBytes(text: string): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    const ipv4 = i === groups.length - 1 ? parseIpv4(group) : null;
    if (ipv4 !== null) {
      bytes.push(...ipv4);
      continue;
    }
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return null;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes.length <= 16 ? bytes : null;
}

/** `10.0.0.0/8`, `fd00::/8`, or one address alone; null for anything else. Bits behind the prefix are not looked at. */
export function parseNetwork(text: string): Network | null {
  const [address, prefix, ...rest] = text.split('/');
  const base = parseAddress(address ?? '');
  if (base === null || rest.length > 0) return null;
  if (prefix === undefined) return { base: plain(base), bits: plain(base).length * 8 };
  const bits = /^(?:0|[1-9]\d{0,2})$/.test(prefix) ? Number(prefix) : Number.NaN;
  return bits <= base.length * 8 ? { base, bits } : null;
}

export function isWithin(address: Address, { base, bits }: Network): boolean {
  const own = base.length === 4 ? plain(address) : address;
  if (own.length !== base.length) return false;
  return base.every((byte, i) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))) & 0xff;
    return (byte & mask) === (own[i]! & mask);
  });
}

/** The IPv4 address that an IPv6 address stands for (mapped, compatible, NAT64, 6to4), else the address itself. */
function plain(address: Address): Address {
  if (address.length === 4) return address;
  if (isWithin16(address, SIX_TO_FOUR)) return address.slice(2, 6);
  const isCompatible = isWithin16(address, COMPATIBLE) && address.slice(12).some((byte, i) => byte > (i === 3 ? 1 : 0));
  return isCompatible || isWithin16(address, MAPPED) || isWithin16(address, NAT64) ? address.slice(12) : address;
}

function isWithin16(address: Address, network: Network): boolean {
  return address.length === 16 && network.base.length === 16 && isWithin(address, network);
}

const network = (text: string): Network => parseNetwork(text)!;
const SIX_TO_FOUR = network('2002::/16'); // RFC 3056
const MAPPED = network('::ffff:0:0/96'); // RFC 4291, 2.5.5.2
const COMPATIBLE = network('::/96'); // RFC 4291, 2.5.5.1
const NAT64 = network('64:ff9b::/96'); // RFC 6052

/** The first that holds an address says what it is. */
const REACHES: readonly (readonly [Reach, readonly Network[]])[] = [
  [
    'metadata',
    [
      '169.254.169.254', // AWS, Google, Azure, OpenStack, DigitalOcean …
      '169.254.170.0/24', // AWS ECS and EKS: credentials of tasks and pods
      '100.100.100.200', // Alibaba
      '168.63.129.16', // Azure's host agent
      '192.0.0.192', // Oracle
      'fd00:ec2::/32', // AWS
      'fd20:ce::254', // Google
    ].map(network),
  ],
  ['link-local', ['169.254.0.0/16', 'fe80::/10'].map(network)],
  ['loopback', ['127.0.0.0/8', '::1'].map(network)],
  [
    'private',
    ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15', 'fc00::/7', 'fec0::/10'].map(
      network,
    ),
  ],
  [
    'reserved',
    [
      '0.0.0.0/8',
      '192.0.0.0/24',
      '192.0.2.0/24',
      '192.88.99.0/24',
      '198.51.100.0/24',
      '203.0.113.0/24',
      '224.0.0.0/3', // multicast, future use, broadcast
      '2001::/23', // Teredo and other protocol assignments
      '2001:db8::/32',
      '3fff::/20',
    ].map(network),
  ],
  ['public', ['0.0.0.0/0', '2000::/3'].map(network)],
];

export function reachOf(address: Address): Reach {
  const own = plain(address);
  return REACHES.find(([, networks]) => networks.some((each) => isWithin(own, each)))?.[0] ?? 'reserved';
}
