import { expect, test } from 'vitest';
import { ipv4, ipv6 } from './ip-address.ts';

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../g)!, (pair) => Number.parseInt(pair, 16));

test('four bytes', () => expect(ipv4(Uint8Array.of(10, 0, 255, 1, 9, 9))).toBe('10.0.255.1'));

// RFC 5952, sections 4 and 5.
test.each([
  ['00000000 00000000 00000000 00000000', '::'],
  ['00000000 00000000 00000000 00000001', '::1'],
  ['20010db8 00000000 00000000 00000001', '2001:db8::1'],
  ['20010db8 00000001 00010001 00010001', '2001:db8:0:1:1:1:1:1'],
  ['20010000 00000001 00000000 00000001', '2001:0:0:1::1'],
  ['20010db8 00000000 00010000 00000001', '2001:db8::1:0:0:1'],
  ['fe800000 00000000 00000000 00000000', 'fe80::'],
  ['20010DB8 AAAABBBB CCCCDDDD EEEE0AAA', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaa'],
  ['00000000 00000000 0000ffff c0000201', '::ffff:192.0.2.1'],
])('%s is %s', (hex, text) => expect(ipv6(bytesOf(hex))).toBe(text));
