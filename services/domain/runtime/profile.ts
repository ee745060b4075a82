import { z } from 'zod';
import { PlimsollError } from '../errors.ts';
import { parseNetwork } from '../network/address.ts';

/*
 * What containers of one kind may do (`plimsoll agent load`, YAML or JSON): schema/profile-v1.schema.json is generated from these types.
 * Whether it is only watched or enforced is not said here, but where it is given to a container.
 */

/** Rules of one list: far more than a person or a recording makes, and four lists fill a map of the kernel. */
const RULES = 65_536;
/** EXEC_PATH_MAX of rows.h, without its NUL. */
const PATH_BYTES = 247;

const action = z.enum(['allow', 'deny']);
const port = z.int().min(1).max(65_535);
const protocol = z.enum(['tcp', 'udp']);

const path = z
  .string()
  .startsWith('/', 'it is no absolute path')
  .refine((text) => new TextEncoder().encode(text).length <= PATH_BYTES, `it is longer than ${PATH_BYTES} bytes`)
  .refine(
    (text) => !/\/\/|\/\.{1,2}(?:\/|$)|.\/$|\0/.test(text),
    'it is no path as the kernel writes one: no "..", ".", "//" or slash at its end',
  )
  .describe('From the root of the mount namespace, links resolved; of a script, its interpreter');

const peer = z.strictObject({
  to: z
    .string()
    .refine((text) => parseNetwork(text) !== null, 'it is no address and no network')
    .describe('An address or a network. IPv4 is looked up as ::ffff:a.b.c.d, so ::/0 is everything'),
  port: port.optional().describe('Without it every port'),
  protocol: protocol.optional().describe('Without it tcp and udp; then no port may be named'),
});

const localPort = z.strictObject({ port, protocol: protocol.optional().describe('Without it tcp and udp') });

/** A directory with what lies below, where a slash ends it; else a file. */
const place = z
  .string()
  .startsWith('/', 'it is no absolute path')
  .refine((text) => new TextEncoder().encode(text).length <= PATH_BYTES, `it is longer than ${PATH_BYTES} bytes`)
  .refine(
    (text) => !/\/\/|\/\.{1,2}(?:\/|$)|\0/.test(text),
    'it is no path as the kernel writes one: no "..", "." or "//"',
  )
  .describe('From the root of the mount namespace, links resolved; with a slash at its end, all that lies below');

const lists = <T extends z.ZodType>(item: T, what: string) => ({
  default: action.default('allow').describe('Where no rule fits'),
  allow: z.array(item).max(RULES).default([]).describe(what),
  deny: z.array(item).max(RULES).default([]).describe(what),
});

export const profileDocument = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9.-]{0,53}[a-z0-9])?$/, 'it is no name: up to 55 of a-z, 0-9, "." and "-"')
      .describe('By this a hook names it'),
    exec: z
      .strictObject({
        ...lists(path, 'Programs'),
        denyOrigins: z
          .array(z.enum(['written', 'memory', 'other']))
          .default([])
          .describe('Programs that came later than the image: stronger than any rule'),
      })
      .prefault({}),
    connect: z
      .strictObject(lists(peer, 'Peers: the rule for a port before that for all, then the longest network'))
      .prefault({}),
    listen: z.strictObject(lists(localPort, 'Ports of its own')).prefault({}),
    file: z
      .strictObject(lists(place, 'What is opened for writing: the longest path that fits counts'))
      .prefault({})
      .describe('Needs BPF LSM'),
  })
  .meta({ id: 'Profile' });

export type Profile = z.infer<typeof profileDocument>;
export type ProfileAction = z.infer<typeof action>;

/** A parsed document as a profile. Raises PROFILE_INVALID. */
export function readProfile(document: unknown, file: string): Profile {
  const { data, error } = profileDocument.safeParse(document);
  if (data === undefined) {
    const [issue] = error.issues;
    const where = issue!.path.map(String).join('.');
    throw invalid(file, `${where === '' ? '' : `${where}: `}${issue!.message}`);
  }
  for (const { to, port, protocol } of [...data.connect.allow, ...data.connect.deny]) {
    if (port !== undefined && protocol === undefined)
      throw invalid(file, `connect: ${to} names a port and no protocol`);
  }
  return data;
}

export function invalid(file: string, why: string): PlimsollError {
  return new PlimsollError('PROFILE_INVALID', `The profile in ${file} does not fit: ${why}`);
}
