import type { Command } from 'commander';
import { collect } from './collect.ts';
import type { RegistryChoice } from './session.ts';

/** How registries are spoken to. */
export interface RegistryOptions {
  readonly plainHttp?: boolean;
  readonly insecure?: boolean;
  readonly registryCa?: string;
  readonly registryAllow?: readonly string[];
  readonly registryMirror?: readonly string[];
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

export function addRegistryOptions(command: Command): Command {
  return command
    .option('--username <name>', 'registry: log in as; see also PLIMSOLL_REGISTRY_USERNAME, _PASSWORD and _TOKEN')
    .option('--password-stdin', 'registry: take the password from standard input')
    .option('--plain-http', 'registry: speak to it without TLS')
    .option('--insecure', 'registry: take any certificate, also that of somebody on the way')
    .option('--registry-ca <file>', 'registry: trust these certificates too (PEM)')
    .option(
      '--registry-allow <host|network>',
      'registry: it may send Plimsoll there, though private; a host gets its credentials too (repeatable)',
      collect,
    )
    .option('--registry-mirror <host>', 'registry: ask this one first, for the same names (repeatable)', collect);
}

/** `registry`: whose credentials are given; null where the target lies in none. */
export function registryChoice(registry: string | null, options: RegistryOptions): RegistryChoice {
  const { plainHttp = false, insecure = false, registryCa = null, registryAllow = [], registryMirror = [] } = options;
  const { username = null, passwordStdin = false } = options;
  return {
    plainHttp,
    verifyTls: !insecure,
    caFile: registryCa,
    allowed: registryAllow,
    mirrors: registryMirror,
    given: { registry, username, passwordStdin },
  };
}
