import type { Command } from 'commander';
import { collect } from './collect.ts';

/** What every command that judges packages takes. */
export interface MatchingOptions {
  readonly db?: string;
  readonly severitySource?: readonly string[];
  readonly exceptions?: string;
  readonly vex?: readonly string[];
  readonly vexKey?: readonly string[];
  readonly vexIdentity?: readonly string[];
  readonly vexIssuer?: readonly string[];
  readonly vexTrustedRoot?: string;
}

export function addMatchingOptions(command: Command): Command {
  return command
    .option(
      '--db <dir>',
      'advisory database: a directory, "starter", or "none": packages only (default: the installed one; see plimsoll db)',
    )
    .option('--offline', 'open no connection: refuse what lies in a registry (nothing else needs one)')
    .option(
      '--severity-source <source>',
      'whose severity goes first, as in nvd or ghsa (repeatable, in order)',
      collect,
    )
    .option('--exceptions <file>', 'vulnerabilities that are accepted, with reason, owner and expiry (YAML or JSON)')
    .option('--vex <file>', 'statements in OpenVEX, CSAF or CycloneDX (JSON; repeatable)', collect)
    .option(
      '--vex-key <file>',
      'apply VEX inside or beside the image that this public key signed (PEM; repeatable)',
      collect,
    )
    .option('--vex-identity <name>', '… or this name in a Sigstore certificate, to the letter (repeatable)', collect)
    .option('--vex-issuer <url>', 'who vouched for that name: one for all, or one for each (repeatable)', collect)
    .option('--vex-trusted-root <file>', 'the services that certificates must come from (trusted_root.json)');
}
