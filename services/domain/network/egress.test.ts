import { describe, expect, it } from 'vitest';
import { addressRefusal, isAllowedHost, parseEgressRules } from './egress.ts';

const rules = parseEgressRules(['registry.local:5000', 'minio.local', '10.1.0.0/16', '[fd00::1]:5000']);

describe('a connection', () => {
  it.each([
    ['anything.io', 443, '93.184.216.34'],
    ['registry.local', 5000, '10.9.9.9'],
    ['REGISTRY.local.', 5000, '127.0.0.1'],
    ['minio.local', 9000, '192.168.0.1'],
    ['elsewhere.io', 443, '10.1.2.3'],
    ['elsewhere.io', 443, '::ffff:10.1.2.3'],
    ['[fd00::1]', 5000, '[fd00::1]'],
  ])('to %s:%i at %s may go out', (host, port, address) => {
    expect(addressRefusal(host, port, address, rules)).toBeNull();
  });

  it.each([
    ['registry.local', 22, '10.9.9.9'],
    ['elsewhere.io', 443, '10.2.0.1'],
    ['elsewhere.io', 443, '127.0.0.1'],
    ['registry.local.evil.io', 5000, '127.0.0.1'],
    ['[fd00::1]', 22, '[fd00::1]'],
    // Whoever names them.
    ['registry.local', 5000, '169.254.169.254'],
    ['registry.local', 5000, '::ffff:169.254.169.254'],
    ['registry.local', 5000, 'fe80::1'],
    ['registry.local', 5000, '0.0.0.0'],
    ['registry.local', 5000, 'not-an-address'],
  ])('to %s:%i at %s may not', (host, port, address) => {
    expect(addressRefusal(host, port, address, rules)).toMatch(/leads to|no address/);
  });

  it('to a link-local or metadata address is not even allowed by its network', () => {
    const all = parseEgressRules(['0.0.0.0/0', '::/0', '169.254.169.254']);
    expect(addressRefusal('x', 80, '169.254.169.254', all)).toContain('metadata');
    expect(addressRefusal('x', 80, '169.254.1.1', all)).toContain('link-local');
    expect(addressRefusal('x', 80, '10.0.0.1', all)).toBeNull();
  });

  it.each(['', 'a b', 'http://x', 'x/y', '10.0.0.0/99', 'x:y'])('rules: %j is refused', (text) => {
    expect(() => parseEgressRules([text])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('hosts match whole', () => {
    expect(isAllowedHost('minio.local', 1, rules)).toBe(true);
    expect(isAllowedHost('xminio.local', 1, rules)).toBe(false);
    expect(isAllowedHost('minio.local.x', 1, rules)).toBe(false);
  });
});
