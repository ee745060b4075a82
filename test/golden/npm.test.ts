import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { npm } from '../../services/domain/packages/npm/index.ts';
import { readContext } from '../support/read-context.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';

const PROJECT = join(SHARED_DATA, 'fixtures/trivy-e2e/npm');
const context = readContext();

interface Golden {
  readonly Results: readonly {
    readonly Packages?: readonly { Name: string; Version: string; Licenses?: string[] }[];
  }[];
}

describe.skipIf(!HAS_SHARED_DATA)('npm packages of ../shared/data (skipped where it is absent)', () => {
  test('node_modules equals what the golden says of the packages that are there', () => {
    const names = readdirSync(join(PROJECT, 'node_modules'));
    const files = names.map((name) => {
      const path = `node_modules/${name}/package.json`;
      return { path, bytes: readFileSync(join(PROJECT, path)) };
    });
    for (const { path } of files) {
      expect(npm.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe('whole');
    }
    const { units } = npm.readDatabase(files, context);
    expect(units.flatMap(({ gaps }) => gaps)).toEqual([]);
    const rows = units.flatMap(({ packages }) =>
      packages.map(({ name, version, licenses }) => [name, version, licenses]),
    );
    const golden: Golden = JSON.parse(readFileSync(join(PROJECT, 'npm-with-dev.json.golden'), 'utf8'));
    // Trivy takes packages from the lockfile and licences from the files: those without were not installed.
    const expected = golden.Results.flatMap(({ Packages = [] }) =>
      Packages.filter(({ Licenses }) => Licenses !== undefined),
    );
    expect(rows).toEqual(expected.map(({ Name, Version, Licenses }) => [Name, Version, Licenses]));
    expect(rows).toHaveLength(6);
  });

  test('dependencies are those of the files', () => {
    const path = 'node_modules/react/package.json';
    const { units } = npm.readDatabase([{ path, bytes: readFileSync(join(PROJECT, path)) }], context);
    expect(units[0]!.packages[0]!.dependsOn).toEqual([
      'loose-envify@^1.1.0',
      'object-assign@^4.1.1',
      'prop-types@^15.6.2',
      'scheduler@^0.13.6',
    ]);
  });
});
