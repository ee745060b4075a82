import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rust } from '../../services/domain/packages/rust/index.ts';
import { extractUnit } from '../support/read-context.ts';
import { scratch } from '../support/scan.ts';

const place = scratch('cargo');
const hasTool = spawnSync('cargo', ['auditable', '--version']).status === 0;
const hasStrip = spawnSync('strip', ['--version']).status === 0;

describe.skipIf(!hasTool)('the real cargo-auditable (skipped where it is absent)', () => {
  function write(file: string, text: string): void {
    mkdirSync(join(place, file, '..'), { recursive: true });
    writeFileSync(join(place, file), text);
  }
  const crate = (name: string, version: string, more = '') => {
    write(`${name}/Cargo.toml`, `[package]\nname = "${name}"\nversion = "${version}"\nedition = "2021"\n${more}`);
    write(`${name}/src/lib.rs`, 'pub fn answer() -> u8 { 42 }\n');
  };

  // One compiler, no network: the crates are local.
  test('its crates are found in a program, in a stripped one, and in one with debug information', {
    timeout: 120_000,
  }, () => {
    crate('used', '1.2.3', '[dependencies]\nneeded = { path = "../needed" }\n');
    crate('needed', '0.9.0-rc.1+build');
    crate('builder', '3.0.0');
    crate(
      'tool',
      '0.1.0',
      '[dependencies]\nused = { path = "../used" }\n[build-dependencies]\nbuilder = { path = "../builder" }\n',
    );
    write('tool/build.rs', 'fn main() { builder::answer(); }\n');
    write('tool/src/main.rs', 'fn main() { println!("{}", used::answer()); }\n');
    const build = (...args: string[]) =>
      execFileSync('cargo', ['auditable', 'build', '--offline', '--quiet', ...args], {
        cwd: join(place, 'tool'),
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    build('--release');
    build();
    const [release, debug] = ['release', 'debug'].map((kind) => join(place, 'tool/target', kind, 'tool'));
    const crates = (file: string) => {
      const unit = extractUnit(rust, 'usr/bin/tool', readFileSync(file), { pieceBytes: 2 ** 16 })!;
      expect(unit.gaps).toEqual([]);
      return unit.packages.map(({ name, version, origin, development, dependsOn }) =>
        [name, version, origin, development ? 'development' : '', ...dependsOn].join(' '),
      );
    };
    const expected = [
      'builder 3.0.0 local development',
      'needed 0.9.0-rc.1+build local ',
      'tool 0.1.0 local  builder@3.0.0 used@1.2.3',
      'used 1.2.3 local  needed@0.9.0-rc.1+build',
    ];
    expect(crates(release!)).toEqual(expected);
    expect(crates(debug!)).toEqual(expected);
    if (!hasStrip) return;
    execFileSync('strip', ['--strip-all', release!]);
    expect(crates(release!)).toEqual(expected);
  });
});
