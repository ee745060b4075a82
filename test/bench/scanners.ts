import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../services/domain/version.ts';
import { REPOSITORY } from '../support/repository.ts';
import { cachedPath, findGoTool, GO_TOOLS } from '../tools/go-tools.ts';
import type { Command } from './measure.ts';

/** One form of an image on disk. */
export interface Target {
  readonly kind: 'oci-dir' | 'docker-archive';
  readonly path: string;
}

export interface ScanPaths {
  /** The scanner's cache: not there or empty for a cold scan. */
  readonly cache: string;
  readonly output: string;
}

/** A program that lists an image's distribution packages. */
export interface Scanner {
  readonly name: string;
  readonly version: string;
  scan(target: Target, paths: ScanPaths): Command;
  /** `name version arch`, from what a scan wrote. */
  packages(output: string): Set<string>;
}

const DISTRIBUTION_TYPES = ['deb', 'rpm', 'apk'];
const CATALOGUERS = 'dpkg-db-cataloger,rpm-db-cataloger,apk-db-cataloger';

export interface Plimsoll extends Scanner {
  run(...args: string[]): Command;
  /** The layers that a scan wrote of; `size` in bytes as stored. */
  layers(output: string): { readonly digest: string; readonly size: number }[];
}

/** Plimsoll as it is published (dist/, built before) or as it stands in the checkout. */
export function plimsoll(source: boolean): Plimsoll {
  const main = join(REPOSITORY, source ? 'services/main.ts' : 'dist/services/main.js');
  const run = (...args: string[]): Command => ({ program: process.execPath, args: [main, ...args] });
  return {
    name: 'plimsoll',
    version: VERSION,
    run,
    scan: ({ kind, path }, { cache, output }) =>
      run('scan', '--db', 'none', '--quiet', '--cache-dir', cache, '--format', `json=${output}`, `${kind}:${path}`),
    layers: (output) => (readJson(output) as { image: { layers: { digest: string; size: number }[] } }).image.layers,
    packages: (output) => {
      const { packages } = readJson(output) as {
        packages: { type: string; name: string; version: string; arch: string }[];
      };
      const found = packages.filter(({ type }) => DISTRIBUTION_TYPES.includes(type));
      return new Set(found.map(({ name, version, arch }) => `${name} ${version} ${arch}`));
    },
  };
}

/** The same with each layer in a process of its own. */
export function inProcesses(own: Plimsoll): Scanner {
  return {
    ...own,
    name: 'plimsoll, processes',
    scan: (target, paths) => {
      const { program, args } = own.scan(target, paths);
      return { program, args: [...args, '--isolation', 'process'] };
    },
  };
}

/**
 * Trivy with as little to do as its options allow: packages of the distribution and of languages, as we list them, no
 * scanner, no database, no network. Licence files of Debian packages it reads all the same; there is no option against that.
 */
export function trivy(): Scanner | null {
  return goTool('trivy', (program) => ({
    scan: ({ path }, { cache, output }) => ({
      program,
      args: [
        ...['image', '--input', path, '--cache-dir', cache, '--format', 'json', '--output', output],
        ...['--list-all-pkgs', '--pkg-types', 'os,library', '--scanners', '', '--offline-scan'],
        ...['--skip-db-update', '--skip-java-db-update'],
        ...['--skip-version-check', '--disable-telemetry', '--no-progress', '--quiet'],
      ],
    }),
    packages: (output) => {
      const { Results } = readJson(output) as {
        Results?: {
          Class: string;
          Packages?: { Name: string; Epoch?: number; Version: string; Release?: string; Arch: string }[];
        }[];
      };
      const found = (Results ?? [])
        .filter(({ Class }) => Class === 'os-pkgs')
        .flatMap(({ Packages }) => Packages ?? []);
      return new Set(
        found.map(({ Name, Epoch, Version, Release, Arch }) => {
          return `${Name} ${Epoch ? `${Epoch}:` : ''}${Version}${Release ? `-${Release}` : ''} ${Arch}`;
        }),
      );
    },
  }));
}

/** Syft without its inventory of files, and without any cataloguer but those of the same three databases. It keeps no cache. */
export function syft(): Scanner | null {
  return goTool('syft', (program) => ({
    scan: ({ kind, path }, { output }) => ({
      program,
      args: [
        'scan',
        '--quiet',
        `${kind}:${path}`,
        '--override-default-catalogers',
        CATALOGUERS,
        '-o',
        `syft-json=${output}`,
      ],
      environment: { SYFT_CHECK_FOR_APP_UPDATE: 'false', SYFT_FILE_METADATA_SELECTION: 'none' },
    }),
    packages: (output) => {
      const { artifacts } = readJson(output) as {
        artifacts: { type: string; name: string; version: string; metadata: { architecture: string } }[];
      };
      const found = artifacts.filter(({ type }) => DISTRIBUTION_TYPES.includes(type));
      return new Set(found.map(({ name, version, metadata }) => `${name} ${version} ${metadata.architecture}`));
    },
  }));
}

function goTool(name: string, describe: (program: string) => Pick<Scanner, 'scan' | 'packages'>): Scanner | null {
  const program = findGoTool(name);
  const { version } = goToolOf(name);
  return program === null ? null : { name, version: version.slice(1), ...describe(program) };
}

/** Why there is no measurement of this tool. */
export function absence(name: string): string {
  return `${name}: not cached at ${cachedPath(goToolOf(name))}; PLIMSOLL_E2E=1 test/setup builds it`;
}

function goToolOf(name: string): (typeof GO_TOOLS)[number] {
  return GO_TOOLS.find((tool) => tool.name === name)!;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
