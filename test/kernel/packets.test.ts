import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  buildSensor,
  giveProfile,
  kernelTests,
  PACKETS,
  runInCgroup,
  testCgroup,
  testPins,
} from '../support/kernel.ts';
import { RuntimeRecorder } from '../support/runtime-watch.ts';
import { concat } from '../support/tar-blocks.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** The program that looks at packets, on packets that nobody sends (BPF_PROG_TEST_RUN): odd, cut short, and any bytes at all. */

const kernel = kernelTests('packets from outside');
const PASS = '1';
const DROP = '0';
const ALLOWED = 80;
const FORBIDDEN = 81;

const SYN = 0x02;
const ACK = 0x10;
const RST = 0x04;
const TCP = 6;
const UDP = 17;

const word = (value: number) => [value >> 8, value & 0xff];
const ethernet = (type: number) => [...new Array(12).fill(0), ...word(type)];
const tcp = (port: number, flags: number) => [
  ...word(40_000),
  ...word(port),
  ...new Array(9).fill(0),
  flags,
  ...new Array(6).fill(0),
];

function ipv4(payload: readonly number[], { protocol = TCP, words = 5 } = {}): number[] {
  const header = new Array(words * 4).fill(0);
  header[0] = 0x40 | words;
  header[9] = protocol;
  header.splice(12, 4, 192, 0, 2, 1);
  return [...ethernet(0x0800), ...header, ...payload];
}

/** `extensions`: the kinds of headers before the payload, and how many times eight bytes each has beyond the first eight. */
function ipv6(
  payload: readonly number[],
  extensions: readonly (readonly [kind: number, more: number])[] = [],
  protocol = TCP,
): number[] {
  const header = new Array(40).fill(0);
  header[0] = 0x60;
  header[6] = extensions[0]?.[0] ?? protocol;
  const chain = extensions.flatMap(([, more], i) => [
    extensions[i + 1]?.[0] ?? protocol,
    more,
    ...new Array(6 + 8 * more).fill(0),
  ]);
  return [...ethernet(0x86dd), ...header, ...chain, ...payload];
}

async function judged(listen: object): Promise<(...packets: (readonly number[] | Uint8Array)[]) => Promise<string[]>> {
  const { directory } = testCgroup();
  const pins = testPins();
  await RuntimeRecorder.start(directory, { pins });
  await RuntimeRecorder.load(pins, { name: 'test', listen });
  const container = join(directory, 'container');
  mkdirSync(container);
  await giveProfile(pins, container, '--listen', 'enforce');
  const file = join(await temporaryDirectory(), 'packets');
  return async (...packets) => {
    writeFileSync(file, packets.map((packet) => `${Buffer.from(packet).toString('hex')}\n`).join(''));
    // A packet of a test belongs to the cgroup of who tests it.
    const { stdout } = await runInCgroup(
      container,
      '/bin/sh',
      '-c',
      'exec "$0" "$1" < "$2"',
      PACKETS,
      join(pins, 'link-arrive'),
      file,
    );
    return stdout.trimEnd().split('\n');
  };
}

describe.skipIf(kernel.skip)(kernel.name, () => {
  beforeAll(buildSensor);

  test('only the first packet of a connection to a port that no rule allows is dropped, behind whatever headers', async () => {
    const judge = await judged({ default: 'deny', allow: [{ port: ALLOWED }] });
    const options: [kind: number, more: number] = [0, 0];
    const cases: [name: string, packet: number[], answer: string][] = [
      ['IPv4, allowed', ipv4(tcp(ALLOWED, SYN)), PASS],
      ['IPv4, forbidden', ipv4(tcp(FORBIDDEN, SYN)), DROP],
      ['IPv4, forbidden, with options', ipv4(tcp(FORBIDDEN, SYN), { words: 15 }), DROP],
      ['IPv4, forbidden, with other flags', ipv4(tcp(FORBIDDEN, SYN | 0xc8)), DROP],
      ['an answer to a connection of its own', ipv4(tcp(FORBIDDEN, SYN | ACK)), PASS],
      ['data', ipv4(tcp(FORBIDDEN, ACK)), PASS],
      ['a reset', ipv4(tcp(FORBIDDEN, RST)), PASS],
      ['UDP', ipv4(tcp(FORBIDDEN, SYN), { protocol: UDP }), PASS],
      ['IPv4, TCP cut short', ipv4(tcp(FORBIDDEN, SYN).slice(0, 13)), PASS],
      ['IPv6, allowed', ipv6(tcp(ALLOWED, SYN)), PASS],
      ['IPv6, forbidden', ipv6(tcp(FORBIDDEN, SYN)), DROP],
      ['IPv6, an answer', ipv6(tcp(FORBIDDEN, SYN | ACK)), PASS],
      ['IPv6, behind an extension', ipv6(tcp(FORBIDDEN, SYN), [options]), DROP],
      ['IPv6, behind a long one', ipv6(tcp(FORBIDDEN, SYN), [[60, 20]]), DROP],
      ['IPv6, behind three', ipv6(tcp(FORBIDDEN, SYN), [options, [43, 1], [60, 2]]), DROP],
      ['IPv6, allowed behind three', ipv6(tcp(ALLOWED, SYN), [options, [43, 1], [60, 2]]), PASS],
      ['IPv6, behind as many as are looked through', ipv6(tcp(ALLOWED, SYN), new Array(7).fill(options)), PASS],
      ['IPv6, behind more', ipv6(tcp(ALLOWED, SYN), new Array(9).fill(options)), DROP],
      ['IPv6, UDP behind an extension', ipv6(tcp(FORBIDDEN, SYN), [options], UDP), PASS],
      ['IPv6, an extension cut short', ipv6([], [options]).slice(0, -7), PASS],
    ];
    const answers = await judge(...cases.map(([, packet]) => packet));
    expect(cases.map(([name], i) => [name, answers[i]])).toEqual(cases.map(([name, , answer]) => [name, answer]));
  });

  test('where all is allowed but some, what cannot be looked through passes', async () => {
    const judge = await judged({ deny: [{ port: FORBIDDEN }] });
    const deep = new Array(9).fill([0, 0] as const);
    expect(await judge(ipv4(tcp(FORBIDDEN, SYN)), ipv4(tcp(ALLOWED, SYN)), ipv6(tcp(FORBIDDEN, SYN), deep))).toEqual([
      DROP,
      PASS,
      PASS,
    ]);
  });

  test('any bytes behind an Ethernet header have an answer', async () => {
    const judge = await judged({ default: 'deny' });
    const version = fc.constantFrom([0x0800, 0x45], [0x0800, 0x4f], [0x86dd, 0x60]);
    const packet = fc
      .tuple(version, fc.uint8Array({ minLength: 40, maxLength: 160 }), fc.boolean())
      .map(([[type, first], bytes, isTcp]) => {
        const changed = isTcp ? bytes.with(0, first!).with(first === 0x60 ? 6 : 9, TCP) : bytes;
        return concat(Uint8Array.from(ethernet(type!)), changed);
      });
    const packets = fc.sample(packet, 2_000);
    const answers = await judge(...packets);
    expect(answers).toHaveLength(packets.length);
    expect(answers.filter((answer) => answer !== PASS && answer !== DROP)).toEqual([]);
    expect(new Set(answers).size).toBe(2);
  });
});
