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
}

export function addRegistryOptions(command: Command): Command {
  return command
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

export function registryChoice(options: RegistryOptions): RegistryChoice {
  const { plainHttp = false, insecure = false, registryCa = null, registryAllow = [], registryMirror = [] } = options;
  return { plainHttp, verifyTls: !insecure, caFile: registryCa, allowed: registryAllow, mirrors: registryMirror };
}
