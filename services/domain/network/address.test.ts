import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithin, parseAddress, parseNetwork, reachOf } from './address.ts';

const reach = (text: string) => reachOf(parseAddress(text)!);

describe('an address', () => {
  it.each([
    ['1.2.3.4', [1, 2, 3, 4]],
    ['::', new Array(16).fill(0)],
    ['::1', [...new Array(15).fill(0), 1]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['fe80::1%eth0', [0xfe, 0x80, ...new Array(13).fill(0), 1]],
    ['::FFFF:1.2.3.4', [...new Array(10).fill(0), 255, 255, 1, 2, 3, 4]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
  ])('%s', (text, bytes) => expect(parseAddress(text)).toEqual(bytes));

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '0x7f.0.0.1',
    '127.1',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '::12345',
    '::1.2.3.4:5',
    'g::',
    '[::1]',
    'localhost',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeNull());

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseAddress(text);
        parseNetwork(text);
      }),
    );
  });

  it('of any four or sixteen bytes reaches something, and what stands for IPv4 the same as that', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const [a, b] = parseAddress(text)!.slice(0, 2);
        const [c, d] = parseAddress(text)!.slice(2);
        const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
        const whole = `${hex(a!, b!)}:${hex(c!, d!)}`;
        for (const six of [`::ffff:${text}`, `64:ff9b::${text}`, `2002:${whole}::1`])
          expect(reach(six)).toBe(reach(text));
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        expect(reach(text)).toBeTypeOf('string');
      }),
    );
  });

  it.each([
    ['8.8.8.8', 'public'],
    ['2a00:1450::1', 'public'],
    ['10.1.2.3', 'private'],
    ['172.15.255.255', 'public'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.0', 'public'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['127.9.9.9', 'loopback'],
    ['::1', 'loopback'],
    ['::127.0.0.1', 'loopback'],
    ['169.254.0.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['febf::1', 'link-local'],
    ['169.254.169.254', 'metadata'],
    ['::ffff:169.254.169.254', 'metadata'],
    ['64:ff9b::a9fe:a9fe', 'metadata'],
    ['2002:a9fe:a9fe::', 'metadata'],
    ['169.254.170.2', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['0.0.0.0', 'reserved'],
    ['::', 'reserved'],
    ['224.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['2001::1', 'reserved'],
    ['ff02::1', 'reserved'],
    ['4000::1', 'reserved'],
  ])('%s is %s', (text, expected) => expect(reach(text)).toBe(expected));
});

describe('a network', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/9', '10.128.0.0', false],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['192.168.1.7', '192.168.1.7', true],
    ['192.168.1.7', '192.168.1.8', false],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['0.0.0.0/0', '2a00::1', false],
    ['fd00::/8', 'fdff::1', true],
    ['fd00::/9', 'fd80::1', false],
  ])('%s, %s: %s', (text, address, expected) => {
    expect(isWithin(parseAddress(address)!, parseNetwork(text)!)).toBe(expected);
  });

  it.each(['10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/08', 'host/8', ''])(
    '%j is none',
    (text) => expect(parseNetwork(text)).toBeNull(),
  );
});
