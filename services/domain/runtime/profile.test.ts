import { describe, expect, test } from 'vitest';
import { encodeProfile } from './encode-profile.ts';
import { LAYOUT } from './layout.ts';
import { readProfile } from './profile.ts';

const read = (document: object) => readProfile({ name: 'web', ...document }, 'web.yaml');
const encode = (document: object) => encodeProfile(read(document), 'web.yaml');
const { profile_head, exec_entry, peer_entry, listen_entry, rule } = LAYOUT.structures;

describe('a profile', () => {
  test('allows everything that it does not name', () => {
    const everything = { default: 'allow', allow: [], deny: [] };
    expect(read({})).toEqual({
      name: 'web',
      exec: { ...everything, denyOrigins: [] },
      connect: everything,
      file: everything,
      listen: everything,
    });
  });

  test.each<[string, object]>([
    ['a key that is not known', { network: {} }],
    ['a name that is none', { name: 'Web Server' }],
    ['a name that is too long', { name: 'a'.repeat(56) }],
    ['a relative path', { exec: { deny: ['bin/sh'] } }],
    ['a path that the kernel never writes', { exec: { deny: ['/bin/../sh'] } }],
    ['a path with a slash at its end', { exec: { deny: ['/bin/'] } }],
    ['a path past the limit', { exec: { deny: [`/${'a'.repeat(247)}`] } }],
    ['a path past the limit in bytes', { exec: { deny: [`/${'é'.repeat(124)}`] } }],
    ['an origin that cannot be denied', { exec: { denyOrigins: ['image'] } }],
    ['a name in the place of an address', { connect: { allow: [{ to: 'example.org' }] } }],
    ['a network that is none', { connect: { allow: [{ to: '10.0.0.0/33' }] } }],
    ['a port without a protocol', { connect: { allow: [{ to: '10.0.0.1', port: 443 }] } }],
    ['port 0', { listen: { allow: [{ port: 0 }] } }],
    ['a protocol that has no rules', { listen: { allow: [{ port: 1, protocol: 'sctp' }] } }],
    ['another default', { listen: { default: 'maybe' } }],
  ])('%s is refused', (_, document) => {
    expect(() => read(document)).toThrow(
      expect.objectContaining({ code: 'PROFILE_INVALID', message: expect.stringContaining('web.yaml') }),
    );
  });

  test('the longest path that fits', () =>
    expect(read({ exec: { deny: [`/${'a'.repeat(246)}`] } }).exec.deny).toHaveLength(1));

  test.each<[string, object]>([
    ['twice the same', { exec: { deny: ['/a', '/a'] } }],
    ['both allowed and denied', { connect: { allow: [{ to: '10.0.0.1' }], deny: [{ to: '10.0.0.1' }] } }],
    [
      'both allowed and denied, in two spellings',
      { connect: { allow: [{ to: '10.1.0.0/8' }], deny: [{ to: '10.0.0.0/8' }] } },
    ],
    ['both, as IPv4 and as IPv6', { connect: { allow: [{ to: '10.0.0.1' }], deny: [{ to: '::ffff:10.0.0.1/128' }] } }],
  ])('%s contradicts itself', (_, document) => {
    expect(() => encode(document)).toThrow(expect.objectContaining({ code: 'PROFILE_INVALID' }));
  });
});

describe('as the sensor reads it', () => {
  const document = {
    exec: { default: 'deny', allow: ['/bin/sh'], deny: ['/bin/é'], denyOrigins: ['written', 'memory'] },
    connect: { deny: [{ to: '10.1.2.3/8', port: 443, protocol: 'tcp' }, { to: '2001:db8::/32' }, { to: '0.0.0.0/0' }] },
    listen: { default: 'deny', allow: [{ port: 8080 }, { port: 53, protocol: 'udp' }] },
  };
  const { bytes, rules } = encode(document);
  const view = new DataView(bytes.buffer);

  test('the head', () => {
    const { fields } = profile_head;
    const counts = [fields.layout, fields.exec_count, fields.peer_count, fields.listen_count];
    expect(counts.map(([at]) => view.getUint32(at, true))).toEqual([LAYOUT.version, 2, 3, 2]);
    const defaults = [fields.exec_default, fields.connect_default, fields.listen_default, fields.denied_origins];
    expect(defaults.map(([at]) => bytes[at])).toEqual([1, 0, 1, (1 << 2) | (1 << 3)]);
    const [at, size] = fields.name;
    expect(Buffer.from(bytes.subarray(at, at + size)).toString()).toBe(`web${'\0'.repeat(size - 3)}`);
    expect(bytes.length).toBe(profile_head.size + 2 * exec_entry.size + 3 * peer_entry.size + 2 * listen_entry.size);
  });

  test('programs', () => {
    const entries = [0, 1].map((i) =>
      bytes.subarray(profile_head.size + i * exec_entry.size, profile_head.size + (i + 1) * exec_entry.size),
    );
    const path = (entry: Uint8Array) =>
      Buffer.from(entry.subarray(exec_entry.fields.path[0])).toString().replace(/\0+$/, '');
    expect(entries.map((entry) => [path(entry), entry[rule.fields.action[0]]])).toEqual([
      ['/bin/sh', 0],
      ['/bin/é', 1],
    ]);
  });

  test('peers: host bits are cleared, and IPv4 is ::ffff:a.b.c.d', () => {
    const { fields } = peer_entry;
    const start = profile_head.size + 2 * exec_entry.size;
    const entries = [0, 1, 2].map((i) => {
      const at = start + i * peer_entry.size;
      return [
        bytes[at + fields.protocol[0]],
        bytes[at + fields.address_bits[0]],
        view.getUint16(at + fields.port[0], true),
        Buffer.from(bytes.subarray(at + fields.address[0], at + fields.address[0] + 16)).toString('hex'),
      ];
    });
    expect(entries).toEqual([
      [6, 104, 443, '00000000000000000000ffff0a000000'],
      [0, 32, 0, '20010db8000000000000000000000000'],
      [0, 96, 0, '00000000000000000000ffff00000000'],
    ]);
  });

  test('ports of its own', () => {
    const start = profile_head.size + 2 * exec_entry.size + 3 * peer_entry.size;
    const entries = [0, 1].map((i) => {
      const at = start + i * listen_entry.size;
      return [bytes[at + listen_entry.fields.protocol[0]], view.getUint16(at + listen_entry.fields.port[0], true)];
    });
    expect(entries).toEqual([
      [0, 8080],
      [17, 53],
    ]);
  });

  test('each rule has a number of its own, the same in every load, and another in another profile', () => {
    expect(rules.map(({ text }) => text)).toEqual([
      'allow exec /bin/sh',
      'deny exec /bin/é',
      'deny connect 10.0.0.0/8 tcp 443',
      'deny connect 2001:db8::/32',
      'deny connect 0.0.0.0/0',
      'allow listen 8080',
      'allow listen udp 53',
    ]);
    const ids = rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(encode(document).rules).toEqual(rules);
    expect(encode({ ...document, name: 'api' }).rules.map(({ id }) => id)).not.toContain(ids[0]);
  });
});
