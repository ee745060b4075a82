import { daysBetween } from '../../domain/verdict/days-between.ts';
import { versionInRange } from '../../domain/verdict/version-range.ts';

/**
 * What the host adds to Rego, beside what OPA's WebAssembly and its SDK have: policies/capabilities.json has the signatures and
 * docs/policy.md the meaning. No answer (undefined in Rego) where there is none; none does I/O.
 */
export const HOST_BUILTINS = {
  'plimsoll.days_between': (from: unknown, to: unknown) => {
    return typeof from === 'string' && typeof to === 'string' ? (daysBetween(from, to) ?? undefined) : undefined;
  },
  'plimsoll.version_in_range': (type: unknown, version: unknown, range: unknown) => {
    const areTexts = typeof type === 'string' && typeof version === 'string' && typeof range === 'string';
    return areTexts ? (versionInRange(type, version, range) ?? undefined) : undefined;
  },
};

/** What the SDK adds. */
const SDK_BUILTINS = ['json.is_valid', 'regex.split', 'sprintf', 'yaml.is_valid', 'yaml.marshal', 'yaml.unmarshal'];

/** Every builtin that a bundle may ask its host for. */
export const ALLOWED_BUILTINS: ReadonlySet<string> = new Set([...SDK_BUILTINS, ...Object.keys(HOST_BUILTINS)]);
