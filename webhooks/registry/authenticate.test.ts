import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Authentication } from '../../services/domain/registries/registration.ts';
import { checkHead, checkSignature } from './authenticate.ts';
import { Refusal } from './refusal.ts';

const secrets = [{ environment: 'X' }];
const METHODS: readonly Authentication[] = [
  { method: 'bearer', secrets },
  { method: 'basic', username: 'plimsoll', secrets },
  { method: 'header', header: 'x-plimsoll', secrets },
  { method: 'path', secrets },
];
const SECRET = 'canary-0123456789abcdef';
const NAMES = ['authorization', 'x-plimsoll', 'x-hub-signature-256', 'x-amz-sns-message-type'];

/** Texts that are near the right one, and any. */
const value = fc.oneof(
  fc.constantFrom(
    '',
    'Bearer',
    'Bearer ',
    `Bearer  ${SECRET.slice(1)}`,
    `Basic ${SECRET}`,
    SECRET.toUpperCase(),
    `${SECRET}\u0000`,
  ),
  fc.string({ unit: 'binary' }),
  fc.string().map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
  fc.nat(SECRET.length - 1).map((length) => SECRET.slice(0, length)),
);

test.each(METHODS)('$method: no head but the right one is let in, and none breaks anything', (webhook) => {
  const head = fc.record({
    headers: fc.dictionary(fc.constantFrom(...NAMES), value),
    token: fc.option(value),
  });
  fc.assert(
    fc.property(head, ({ headers, token }) => {
      expect(() => checkHead(webhook, [SECRET, 'another-0123456789'], { headers, token })).toThrow(Refusal);
    }),
    { numRuns: 2_000 },
  );
});

test('hmac: no signature but that of the body', () => {
  const signature = fc.oneof(
    value,
    fc
      .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 })
      .map((hex) => `sha256=${hex}`),
  );
  fc.assert(
    fc.property(fc.uint8Array(), signature, (body, given) => {
      expect(() => checkSignature(body, { 'x-hub-signature-256': given }, [SECRET])).toThrow(Refusal);
    }),
    { numRuns: 2_000 },
  );
});
