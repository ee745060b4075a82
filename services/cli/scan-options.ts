import { type Command, Option } from 'commander';
import { ISOLATIONS, type Isolation } from '../domain/report/isolation.ts';
import { collect } from './collect.ts';
import { addRegistryOptions, type RegistryOptions } from './registry-options.ts';

/** What every command that reads a target takes. */
export interface ScanOptions extends RegistryOptions {
  readonly platform?: string;
  readonly inventory: 'paths' | 'full';
  readonly skipDirs?: readonly string[];
  readonly skipFiles?: readonly string[];
  readonly crossMounts?: boolean;
  readonly lockfiles?: boolean;
  readonly useSboms?: boolean;
  readonly isolation: Isolation;
  readonly timeout: string;
  readonly cache: boolean;
  readonly cacheDir?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function addScanOptions(command: Command): Command {
  return addRegistryOptions(command)
    .option('--platform <os/arch[/variant]>', 'platform of a multi-platform image (default linux/amd64), or "all"')
    .addOption(
      new Option('--inventory <kind>', 'full: SHA-256 of executables and libraries too')
        .choices(['paths', 'full'])
        .default('paths'),
    )
    .option('--skip-dirs <glob>', 'leave out a directory; listed in the report (repeatable)', collect)
    .option('--skip-files <glob>', 'leave out files; listed in the report (repeatable)', collect)
    .option('--cross-mounts', 'rootfs:, dir: read other file systems mounted inside too')
    .option('--lockfiles', 'read lockfiles in images and installed systems too; dir: always does')
    .addOption(
      new Option(
        '--isolation <kind>',
        'what reads a layer: a thread of the scan, or a process that can do nothing else',
      )
        .choices(ISOLATIONS)
        .default('thread'),
    )
    .option('--timeout <duration>', 'give up after this long', '30m')
    .option('--no-cache', 'neither use nor keep facts of layers')
    .option('--cache-dir <dir>', 'where facts of layers are kept (default: $XDG_CACHE_HOME/plimsoll)')
    .option('-q, --quiet', 'no progress, no warnings')
    .option('-v, --verbose', 'say what is read and what comes from the cache');
}

/** Of commands that list packages. */
export function addSbomOption(command: Command): Command {
  return command.option(
    '--use-sboms',
    'take what SBOMs in images and installed systems name too; otherwise they are only listed',
  );
}
