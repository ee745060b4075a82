import { PlimsollError } from '../errors.ts';
import { isWithin, type Network, parseAddress, parseNetwork, reachOf } from './address.ts';

/** One host that an operator named, at one port or at all. */
export interface AllowedHost {
  /** As URLs have it: lower case, an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number | null;
}

/**
 * Where connections on behalf of one registered service may lead beyond the public Internet: a registry that answers
 * with an address must not make us ask what only we can reach.
 */
export interface EgressRules {
  readonly hosts: readonly AllowedHost[];
  readonly networks: readonly Network[];
}

/** `HOST`, `HOST:PORT`, an address or a network (`10.0.0.0/8`), as an operator allows them. USAGE. */
export function parseEgressRules(allowed: readonly string[]): EgressRules {
  const hosts: AllowedHost[] = [];
  const networks: Network[] = [];
  for (const text of allowed) {
    const network = parseNetwork(text);
    const { host, port } =
      /^(?<host>\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)(?::(?<port>\d{1,5}))?$/i.exec(text)?.groups ?? {};
    if (network !== null) networks.push(network);
    else if (host !== undefined)
      hosts.push({ host: host.toLowerCase(), port: port === undefined ? null : Number(port) });
    else throw new PlimsollError('USAGE', `"${text}" is neither a host, HOST:PORT, an address nor a network`);
  }
  return { hosts, networks };
}

/** Whether an operator named this host. `port` as a number, also where a URL leaves it out. */
export function isAllowedHost(host: string, port: number, { hosts }: EgressRules): boolean {
  return hosts.some((each) => each.host === bare(host) && (each.port === null || each.port === port));
}

/**
 * Why no connection goes to `address` (which `host` was looked up to be, or is), in words behind a host's name; null
 * where one may. Addresses of no service, of this link and of clouds' metadata are refused whoever names them.
 */
export function addressRefusal(host: string, port: number, address: string, rules: EgressRules): string | null {
  const parsed = parseAddress(address.replace(/^\[|\]$/g, ''));
  if (parsed === null) return `has no address that can be judged (${address})`;
  const reach = reachOf(parsed);
  if (reach === 'public') return null;
  if (reach !== 'private' && reach !== 'loopback')
    return `leads to ${address} (${reach}), where Plimsoll never connects to`;
  if (isAllowedHost(host, port, rules) || rules.networks.some((network) => isWithin(parsed, network))) return null;
  return `leads to ${address} (${reach}), which nobody allowed`;
}

/** Without the dot of a fully qualified name. */
function bare(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
