import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import { LIMITS } from '../../domain/limits.ts';
import { SealingKeys } from './sealing-keys.ts';
import { SecretSources } from './secret-sources.ts';

const old = SealingKeys.generate();
const fresh = SealingKeys.generate();
const keys = (...lines: string[]) => SealingKeys.parse(lines.join('\n'), 'the keys');
const unreadable = expect.objectContaining({ code: 'SECRET_UNREADABLE' });

describe('sealed secrets', () => {
  test('open for what they were sealed for', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (secret, use) => {
        expect(keys(old).open(keys(old).seal(secret, use), use)).toBe(secret.toWellFormed());
      }),
    );
  });
  test('are never twice the same', () => {
    expect(keys(old).seal('s', 'u')).not.toBe(keys(old).seal('s', 'u'));
  });
  test('open for nothing else', () => {
    expect(() => keys(old).open(keys(old).seal('secret', 'registry/a'), 'registry/b')).toThrow(unreadable);
  });
  test('do not open with one letter changed', () => {
    const sealed = keys(old).seal('a secret of some length', 'u');
    for (let at = 0; at < sealed.length; at++) {
      const letter = sealed[at] === 'A' ? 'B' : 'A';
      const changed = sealed.slice(0, at) + letter + sealed.slice(at + 1);
      // The last letter of base64url may hold bits that mean nothing.
      if (
        Buffer.from(changed.split('.')[2] ?? '', 'base64url').equals(Buffer.from(sealed.split('.')[2]!, 'base64url')) &&
        at > 11
      )
        continue;
      expect(() => keys(old).open(changed, 'u')).toThrow(unreadable);
    }
  });
  test.each(['', 'v1', 'v1.00000000.', 'v2.00000000.AAAA', 'v1.00000000.AAAA', `v1.00000000.${'A'.repeat(60)}`])(
    '%j is none',
    (sealed) => {
      expect(() => keys(old).open(sealed, 'u')).toThrow(unreadable);
    },
  );
  test('after a new key: the new one seals, both open; without the old one its secrets are gone', () => {
    const sealed = keys(old).seal('secret', 'u');
    const both = keys('# since today', fresh, '', old);
    expect(both.open(sealed, 'u')).toBe('secret');
    expect(keys(fresh).open(both.seal('next', 'u'), 'u')).toBe('next');
    expect(() => keys(fresh).open(sealed, 'u')).toThrow(/key [0-9a-f]{8}, which sealed/);
  });
  test.each(['x', 'A'.repeat(43), `${'A'.repeat(42)}=`, `${'A'.repeat(86)}==`, `${'-'.repeat(43)}=`])(
    '%s is no key',
    (line) => {
      expect(() => keys(fresh, line)).toThrow('line 2 of the keys is no key');
    },
  );
  test('without a key nothing is sealed', () => {
    expect(() => keys().seal('s', 'u')).toThrow('there is no key to seal with');
  });
});

describe('where secrets are', () => {
  test('in a file, without the line break at its end', async () => {
    const file = join(await temporaryDirectory(), 'secret');
    const read = (content: string | Buffer) => {
      writeFileSync(file, content);
      return new SecretSources({}).read({ file }, 'u');
    };
    expect(read('secret\n')).toBe('secret');
    expect(read('se\ncret\r\n')).toBe('se\ncret');
    expect(read(' secret ')).toBe(' secret ');
    expect(read('a'.repeat(LIMITS.secretBytes))).toHaveLength(LIMITS.secretBytes);
    expect(() => read('a'.repeat(LIMITS.secretBytes + 1))).toThrow('secretBytes');
    expect(() => read(Buffer.from([0xff]))).toThrow('no UTF-8');
    expect(() => new SecretSources({}).read({ file: `${file}-not` }, 'u')).toThrow(unreadable);
    expect(() => new SecretSources({}).read({ file: '/dev/zero' }, 'u')).toThrow('secretBytes');
  });
  test('in a variable; one that is not set is empty', () => {
    const sources = new SecretSources({ HOOK: 'secret' });
    expect(sources.read({ environment: 'HOOK' }, 'u')).toBe('secret');
    expect(sources.read({ environment: 'OTHER' }, 'u')).toBe('');
  });
  test('sealed, with keys from a file or a variable', async () => {
    const file = join(await temporaryDirectory(), 'keys');
    writeFileSync(file, `${old}\n`);
    const sealed = keys(old).seal('secret', 'u');
    for (const environment of [{ PLIMSOLL_SEALING_KEYS_FILE: file }, { PLIMSOLL_SEALING_KEYS: old }]) {
      expect(new SecretSources(environment).read({ sealed }, 'u')).toBe('secret');
    }
    expect(() => new SecretSources({}).read({ sealed }, 'u')).toThrow(unreadable);
    expect(() => new SecretSources({ PLIMSOLL_SEALING_KEYS_FILE: `${file}-not` })).toThrow(unreadable);
  });
  test('no message holds a secret', () => {
    const sources = new SecretSources({ PLIMSOLL_SEALING_KEYS: old });
    const sealed = sources.keys.seal('canary-secret', 'u');
    for (const attempt of [() => sources.read({ sealed }, 'v'), () => keys(fresh).open(sealed, 'u')]) {
      expect(attempt).toThrow(expect.not.objectContaining({ message: expect.stringMatching(/canary|v1\./) }));
    }
    expect(() => keys(`${old}x`)).toThrow(expect.not.objectContaining({ message: expect.stringContaining(old) }));
  });
});
