import { describe, expect, test } from 'vitest';
import { settings } from '../domain/verdict/settings.ts';
import type { MatchingOptions } from './matching-options.ts';
import { vexTrustOf } from './vex-trust.ts';

const ROOT = { vexTrustedRoot: 'root.json' };
const refusal = expect.objectContaining({ code: 'USAGE' });

describe('whose VEX counts', () => {
  test('nobody, where nobody is named', () => {
    expect(vexTrustOf({}, null)).toEqual({ keys: [], identities: [], trustedRoot: null });
  });

  test('is named with one issuer for all, or one for each', () => {
    const two = (...vexIssuer: readonly string[]) => vexTrustOf({ ...ROOT, vexIdentity: ['a', 'b'], vexIssuer }, null);
    expect(two('x').identities).toEqual([
      { subject: 'a', issuer: 'x' },
      { subject: 'b', issuer: 'x' },
    ]);
    expect(two('x', 'y').identities[1]).toEqual({ subject: 'b', issuer: 'y' });
    expect(() => two()).toThrow(refusal);
    expect(() => two('x', 'y', 'z')).toThrow(refusal);
  });

  test.each<[string, MatchingOptions]>([
    ['an issuer', { ...ROOT, vexIssuer: ['x'] }],
    ['an identity without a trusted root', { vexIdentity: ['a'], vexIssuer: ['x'] }],
    ['a trusted root without an identity', ROOT],
  ])('is not %s alone', (_, options) => {
    expect(() => vexTrustOf(options, null)).toThrow(refusal);
  });

  test('is what settings and command line name together; files of settings lie beside them', () => {
    const vex = { keys: ['k.pub', '/abs.pub'], identities: [{ subject: 's', issuer: 'i' }], trustedRoot: 'root.json' };
    const config = {
      file: '/etc/plimsoll/policy.yaml',
      settings: settings.parse({ vex }),
      digest: '',
      check: () => {},
    };
    const given = { vexKey: ['own.pub'], vexIdentity: ['a'], vexIssuer: ['x'] };
    expect(vexTrustOf(given, config)).toEqual({
      keys: ['own.pub', '/etc/plimsoll/k.pub', '/abs.pub'],
      identities: [
        { subject: 'a', issuer: 'x' },
        { subject: 's', issuer: 'i' },
      ],
      trustedRoot: '/etc/plimsoll/root.json',
    });
    expect(vexTrustOf({ ...given, vexTrustedRoot: 'other.json' }, config).trustedRoot).toBe('other.json');
  });
});
