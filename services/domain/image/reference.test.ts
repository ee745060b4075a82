import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatReference, parseReference } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const label63 = 'a'.repeat(63);

describe('a reference', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['grafana/grafana', 'docker.io/grafana/grafana:latest'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['index.docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['localhost:5000/a/b/c:1', 'localhost:5000/a/b/c:1'],
    ['GHCR.io/a/b', 'ghcr.io/a/b:latest'],
    ['192.168.1.7:5000/app', '192.168.1.7:5000/app:latest'],
    ['[2001:db8::1]:5000/app:x', '[2001:db8::1]:5000/app:x'],
    ['[::1]/app', '[::1]/app:latest'],
    [`app@${digest}`, `docker.io/library/app@${digest}`],
    [`r.io/app:1@${digest}`, `r.io/app:1@${digest}`],
    ['a__b/c--d/e.f_g', 'docker.io/a__b/c--d/e.f_g:latest'],
    [`r.io/x:${'t'.repeat(128)}`, `r.io/x:${'t'.repeat(128)}`],
    [`r.io/${'a'.repeat(255)}`, `r.io/${'a'.repeat(255)}:latest`],
    [`${label63}.io/x`, `${label63}.io/x:latest`],
    [`r.io/${'b'.repeat(64)}`, `r.io/${'b'.repeat(64)}:latest`],
  ])('%s', (text, whole) => {
    expect(formatReference(parseReference(text))).toBe(whole);
    expect(parseReference(whole)).toEqual(parseReference(text));
  });

  it.each([
    '',
    ':1',
    'app:',
    'app:-1',
    'app@',
    'app@sha256:abc',
    `app@${digest}@${digest}`,
    'App',
    'Registry/app',
    'r.io/App',
    'r.io/',
    'r.io//app',
    'r.io/app/',
    '/app',
    'r.io/a..b',
    'r.io/a___b',
    'r.io/-a',
    'r.io/../v2',
    'r.io/a%2fb',
    'r.io:0/app',
    'r.io:65536/app',
    'r.io:x/app',
    'https://r.io/app',
    'docker://alpine',
    'a b',
    'app\n',
    '-r.io/app',
    '127.1:5000/app',
    '2130706433:5000/app',
    '0x7f.1/app',
    '[::1/app',
    '[fe80::1%25eth0]:5000/app',
    'user@r.io/app',
    `r.io/x:${'t'.repeat(129)}`,
    `r.io/${'a'.repeat(256)}`,
    `${label63}a.io/x`,
    'b'.repeat(64),
  ])('%j is none', (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('of any text is refused, or printed and parsed again the same', () => {
    const pieces = fc.constantFrom('a', 'B', '9', '.', ':', '/', '@', '-', '_', '[', ']', '5000', 'localhost', digest);
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        let parsed: ReturnType<typeof parseReference>;
        try {
          parsed = parseReference(parts.join(''));
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' });
          return;
        }
        expect(parseReference(formatReference(parsed))).toEqual(parsed);
      }),
    );
  });
});
