import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatabaseUnit } from '../../services/domain/packages/ecosystem.ts';
import { rpm } from '../../services/domain/packages/rpm/index.ts';
import { readContext } from '../support/read-context.ts';
import {
  buildRpmDatabase,
  buildSqliteWithWal,
  RPM_FILE_NAMES,
  RPM_FORMATS,
  type RpmPackage,
} from '../support/rpm-databases.ts';

/** Damaged rpm databases: never a crash or a hang, and never fewer packages without a gap that says so. */

const PACKAGES: readonly RpmPackage[] = Array.from({ length: 9 }, (_, i) => ({
  name: `package-${i}`,
  version: `1.${i}`,
  release: '1',
  arch: 'x86_64',
  sourceRpm: `source-1.${i}-1.src.rpm`,
  provides: ['a', 'b'],
  requires: ['c'],
  files: Object.fromEntries(Array.from({ length: i * 8 }, (_, k) => [`/usr/lib/p${i}/file-${k}`, 'ab'.repeat(32)])),
}));

const RUNS = 400;
const PAGE = 512;

interface Damage {
  readonly at: number;
  readonly length: number;
  readonly fill: 'zero' | 'ones' | 'flip' | 'noise';
  readonly noise: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 64 }), fc.constant(PAGE)),
  fill: fc.constantFrom('zero', 'ones', 'flip', 'noise'),
  noise: fc.nat(255),
});

function damaged(sound: Uint8Array, all: readonly Damage[]): Uint8Array {
  const bytes = sound.slice();
  for (const { at, length, fill, noise } of all) {
    const start = Math.floor(at * (bytes.length - 1));
    for (let i = start; i < Math.min(start + length, bytes.length); i++) {
      if (fill === 'zero') bytes[i] = 0;
      else if (fill === 'ones') bytes[i] = 0xff;
      else if (fill === 'flip') bytes[i]! ^= 1 << (noise % 8);
      else bytes[i] = (noise * (i + 7)) & 0xff;
    }
  }
  return bytes;
}

function read(name: string, bytes: Uint8Array, wal?: Uint8Array): DatabaseUnit {
  const path = `var/lib/rpm/${name}`;
  const files = [{ path, bytes }, ...(wal === undefined ? [] : [{ path: `${path}-wal`, bytes: wal }])];
  const started = performance.now();
  const { units } = rpm.readDatabase(files, readContext());
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(units).toHaveLength(1);
  return units[0]!;
}

describe.each(RPM_FORMATS)('damage to an rpm database in %s', (format) => {
  const sound = buildRpmDatabase(format, PACKAGES, PAGE);
  const name = RPM_FILE_NAMES[format];

  it('starts from a sound one', () => {
    expect(read(name, sound)).toMatchObject({ packages: { length: PACKAGES.length }, gaps: [] });
  });

  it('anywhere, of any kind, leaves packages or a gap', () => {
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 6 }), (all) => {
        const unit = read(name, damaged(sound, all));
        expect(unit.packages.length + unit.gaps.length).toBeGreaterThan(0);
      }),
      { numRuns: RUNS },
    );
  });

  it('to whole pages never loses a package without a gap', () => {
    const page = fc.nat(Math.floor(sound.length / PAGE) - 1);
    fc.assert(
      fc.property(page, fc.constantFrom(0, 0xff), (number, byte) => {
        const bytes = sound.slice().fill(byte, number * PAGE, (number + 1) * PAGE);
        const unit = read(name, bytes);
        if (unit.packages.length < PACKAGES.length) expect(unit.gaps).not.toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it('by truncation always leaves a gap', () => {
    fc.assert(
      fc.property(fc.nat(sound.length - 1), (length) => {
        const unit = read(name, sound.subarray(0, length));
        expect(unit.gaps).not.toEqual([]);
        expect(unit.isDatabase).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  // SQLite has neither checksums nor a count of rows: a leaf that says it has one cell less is a valid database.
  it.skipIf(format === 'sqlite')('of one bit never loses a package without a gap', () => {
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(7), (at, bit) => {
        const bytes = sound.slice();
        bytes[at]! ^= 1 << bit;
        const unit = read(name, bytes);
        if (unit.packages.length < PACKAGES.length) expect(unit.gaps).not.toEqual([]);
      }),
      { numRuns: 4 * RUNS },
    );
  });

  it('that leaves only its magic is a gap', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 600, maxLength: 4_096 }), (noise) => {
        noise.set(sound.subarray(0, 24));
        expect(read(name, noise).gaps).not.toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('damage to a write-ahead log', () => {
  const { database, wal } = buildSqliteWithWal(PACKAGES.slice(0, 3), PACKAGES.slice(3));

  // The last frame alone may look as if it was left from before a checkpoint, which SQLite passes over too.
  const lastFrame = wal.length - (24 + 4_096);

  it('before its last frame never loses a logged package without a gap', () => {
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (all) => {
        const bytes = wal.slice();
        bytes.set(damaged(wal.subarray(0, lastFrame), all));
        const unit = read('rpmdb.sqlite', database, bytes);
        const isSound = bytes.every((byte, i) => byte === wal[i]);
        if (!isSound && unit.packages.length < PACKAGES.length) expect(unit.gaps).not.toEqual([]);
        expect(unit.packages.length).toBeGreaterThanOrEqual(3);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('bytes that are nothing', () => {
  it('are a gap', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(read('Packages', bytes).gaps).not.toEqual([]);
      }),
    );
  });
});
