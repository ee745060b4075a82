import { expect, it } from 'vitest';
import { roleOfClaims } from './role-of-claims.ts';

const roles = { admin: ['ops'], editor: ['dev', 'qa'], viewer: ['staff'] };
const roleOf = (claims: object, claim = 'groups') => roleOfClaims({ sub: 'me', ...claims }, { claim, roles });

it.each<[string, object, string | null]>([
  ['one group', { groups: ['dev'] }, 'editor'],
  ['a single value', { groups: 'staff' }, 'viewer'],
  ['the highest of several', { groups: ['staff', 'qa', 'ops'] }, 'admin'],
  ['an unknown group', { groups: ['guests'] }, null],
  ['no groups at all', {}, null],
  ['null', { groups: null }, null],
  ['a group by another spelling', { groups: ['OPS', 'ops '] }, null],
  ['a group inside another value', { groups: [['ops'], { ops: true }] }, null],
  ['the name of a role, which is no group', { groups: ['admin'] }, null],
])('%s', (_name, claims, role) => expect(roleOf(claims)).toBe(role));

it('finds claims inside objects, and those whose name has dots', () => {
  expect(roleOf({ realm_access: { roles: ['ops'] } }, 'realm_access.roles')).toBe('admin');
  expect(roleOf({ 'https://example.org/groups': ['dev'] }, 'https://example.org/groups')).toBe('editor');
  expect(roleOf({}, 'constructor.name')).toBeNull();
});

it('believes no address that nobody verified', () => {
  expect(roleOf({ email: 'ops' }, 'email')).toBeNull();
  expect(roleOf({ email: 'ops', email_verified: 'true' }, 'email')).toBeNull();
  expect(roleOf({ email: 'ops', email_verified: true }, 'email')).toBe('admin');
});
