import { dirname, resolve } from 'node:path';
import { PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { SignerTrust } from '../pipeline/verdict-ports.ts';
import type { MatchingOptions } from './matching-options.ts';
import { readDocument } from './read-document.ts';
import type { SettingsFile } from './settings-file.ts';

/**
 * Whose signatures make VEX that comes with an image count: what the command line names, and what the settings name. Their files lie below
 * the directory of the settings. Raises USAGE where half of it is missing.
 */
export function vexTrustOf(options: MatchingOptions, config: SettingsFile | null): SignerTrust {
  const set = config?.settings.vex;
  const fromSettings = (file: string): string => resolve(dirname(config?.file ?? '.'), file);
  const trustedRoot = set?.trustedRoot === undefined ? null : fromSettings(set.trustedRoot);
  const trust = {
    keys: [...(options.vexKey ?? []), ...(set?.keys ?? []).map(fromSettings)],
    identities: [...identitiesOf(options), ...(set?.identities ?? [])],
    trustedRoot: options.vexTrustedRoot ?? trustedRoot,
  };
  if ((trust.trustedRoot === null) !== (trust.identities.length === 0)) {
    throw new PlimsollError(
      'USAGE',
      'A certificate counts by who it names and by who issued it: give --vex-identity, --vex-issuer and --vex-trusted-root together.',
    );
  }
  return trust;
}

/** Digests of all that decides whose signature counts. */
export function digestsOf({ keys, identities, trustedRoot }: SignerTrust, sha256: (text: string) => string): string[] {
  const files = [...keys, trustedRoot ?? []].flat();
  return [
    ...files.map((file) => readDocument(file, LIMITS.policyDocumentBytes).digest),
    ...identities.map(({ subject, issuer }) => sha256(JSON.stringify([subject, issuer]))),
  ];
}

/** The identities with their issuers: as many issuers as identities, in their order, or one for all. */
function identitiesOf({ vexIdentity: subjects = [], vexIssuer: issuers = [] }: MatchingOptions) {
  if (subjects.length !== issuers.length && (issuers.length !== 1 || subjects.length === 0)) {
    throw new PlimsollError(
      'USAGE',
      `--vex-identity is given ${subjects.length} times and --vex-issuer ${issuers.length} times; give one issuer for each, or one for all.`,
    );
  }
  return subjects.map((subject, i) => ({ subject, issuer: issuers[i] ?? issuers[0]! }));
}
