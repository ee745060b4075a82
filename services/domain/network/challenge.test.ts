import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from './challenge.ts';

const read = (...headers: string[]) =>
  parseChallenges(headers).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('WWW-Authenticate', () => {
  it('of Docker Hub', () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull,push"';
    expect(read(header)).toEqual([
      [
        'bearer',
        {
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:library/alpine:pull,push',
        },
      ],
    ]);
  });

  it.each([
    ['Basic realm="a \\"quoted\\" one, Bearer x"', [['basic', { realm: 'a "quoted" one, Bearer x' }]]],
    [
      'Basic realm=simple, Bearer realm="x"',
      [
        ['basic', { realm: 'simple' }],
        ['bearer', { realm: 'x' }],
      ],
    ],
    ['BASIC  Realm = "x"', [['basic', { realm: 'x' }]]],
    ['Negotiate', [['negotiate', {}]]],
    [
      'Negotiate dG9rZW4=, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    ['Bearer realm="x", realm="y"', [['bearer', { realm: 'x' }]]],
    ['Bearer realm=https://x/token,service=y', [['bearer', { realm: 'https://x/token', service: 'y' }]]],
    ['', []],
    [', ,', []],
    [
      'Bearer realm="unclosed',
      [
        ['bearer', {}],
        ['realm', {}],
      ],
    ],
  ])('%s', (header, expected) => expect(read(header)).toMatchObject(expected));

  it('in two headers', () => {
    expect(read('Basic realm="x"', 'Bearer realm="y"').map(([scheme]) => scheme)).toEqual(['basic', 'bearer']);
  });

  it('never throws, and ends', () => {
    const piece = fc.constantFrom('Bearer', ' ', ',', '=', '"', '\\', 'realm', '\t', 'é', '/', 'x');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (parts) => {
        parseChallenges([parts.join('')]);
      }),
    );
  });

  it('of 64 KiB without an end takes no time', () => {
    const start = performance.now();
    parseChallenges([`Bearer realm="${'\\'.repeat(65_536)}`, 'a'.repeat(65_536), `${'a '.repeat(32_768)}`]);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
