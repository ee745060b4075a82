import { ROLES, type Role } from './access-ports.ts';
import type { Claims } from './session-ports.ts';

export interface RoleMapping {
  /** Whose values are groups; dots lead into objects where no claim has the whole name. */
  readonly claim: string;
  /** Groups whose members get the role. */
  readonly roles: Readonly<Record<Role, readonly string[]>>;
}

/** The highest role that a group of these claims gives; null: none does. An address that nobody verified gives none. */
export function roleOfClaims(claims: Claims, { claim, roles }: RoleMapping): Role | null {
  if (claim === 'email' && claims.email_verified !== true) return null;
  const value = Object.hasOwn(claims, claim) ? claims[claim] : claim.split('.').reduce<unknown>(below, claims);
  const groups = Array.isArray(value) ? value : [value];
  return ROLES.find((role) => roles[role].some((group) => groups.includes(group))) ?? null;
}

function below(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
