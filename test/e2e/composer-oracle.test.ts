import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { php } from '../../services/domain/packages/php/index.ts';
import { readContext } from '../support/read-context.ts';
import { scratch } from '../support/scan.ts';

const runs = (command: string) => spawnSync(command, ['--version']).status === 0;
const place = scratch('composer');

const COMPARE = `
echo json_encode(array_map(
  fn ($pair) => version_compare(preg_replace('/^v/i', '', $pair[0]), preg_replace('/^v/i', '', $pair[1])),
  json_decode(stream_get_contents(STDIN), true)));`;

describe.skipIf(!runs('php'))('the real version_compare (skipped where there is no php)', () => {
  const part = fc.constantFrom(
    ...['.', '-', '+', '_', 'a', 'b', 'rc', 'RC', 'dev', 'p', 'pl', 'x', '0', '1', '01', '12'],
  );
  const near = fc.array(part, { maxLength: 7 }).map((parts) => `1${parts.join('')}0`);

  test.each([
    ['versions', fc.tuple(near, near)],
    [
      'neighbours',
      fc.tuple(near, fc.constantFrom('.0', '.1', '-a', 'a1', '-dev', 'pl')).map(([a, more]) => [a, a + more]),
    ],
  ])('compares %s as we do', (_, pair) => {
    const pairs = fc.sample(pair as fc.Arbitrary<[string, string]>, { numRuns: 3_000, seed: 20_241_101 });
    const answers = JSON.parse(
      execFileSync('php', ['-r', COMPARE], { input: JSON.stringify(pairs), encoding: 'utf8' }),
    );
    expect(new Set(answers).size).toBeGreaterThan(1);
    const differences = pairs.flatMap(([a, b], i) => {
      const ours = php.compare(a, b);
      return ours === answers[i] ? [] : [{ a, b, ours, php: answers[i] }];
    });
    expect(differences).toEqual([]);
  });
});

describe.skipIf(!runs('composer'))('the real Composer (skipped where it is absent)', () => {
  const composer = (...args: string[]) => {
    const env = { PATH: process.env.PATH, HOME: place, COMPOSER_HOME: place, COMPOSER_DISABLE_NETWORK: '1' };
    const all = [...args, '--no-interaction', '--no-plugins'];
    return execFileSync('composer', all, { cwd: place, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env });
  };
  const write = (file: string, value: unknown) => {
    mkdirSync(join(place, file, '..'), { recursive: true });
    writeFileSync(join(place, file), JSON.stringify(value));
  };

  test('lists what it installed as we do', { timeout: 60_000 }, () => {
    const packages = [
      { name: 'acme/console', version: 'v2.1.0', license: 'MIT', require: { php: '>=7', 'acme/log': '^1.0' } },
      { name: 'acme/log', version: '1.0.0-beta3', license: ['BSD-3-Clause', 'Apache-2.0'] },
      { name: 'acme/test-tool', version: '3.x-dev', license: 'proprietary' },
    ];
    for (const each of packages) write(`sources/${each.name}/composer.json`, each);
    write('composer.json', {
      name: 'acme/app',
      repositories: [
        ...packages.map(({ name }) => ({ type: 'path', url: `sources/${name}`, options: { symlink: false } })),
        { 'packagist.org': false },
      ],
      'minimum-stability': 'dev',
      require: { 'acme/console': '*', 'acme/log': '*' },
      'require-dev': { 'acme/test-tool': '*' },
    });
    composer('update', '--quiet');
    const path = 'vendor/composer/installed.json';
    const { units } = php.readDatabase([{ path, bytes: readFileSync(join(place, path)) }], readContext());
    expect(units.flatMap(({ gaps }) => gaps)).toEqual([]);
    const ours = units.flatMap(({ packages: found }) => found);
    const theirs: { installed: { name: string; version: string }[] } = JSON.parse(composer('show', '--format=json'));
    expect(ours.map(({ name, version }) => `${name} ${version}`).sort()).toEqual(
      theirs.installed.map(({ name, version }) => `${name} ${version}`).sort(),
    );
    expect(
      ours.map(({ name, licenses, dependsOn, development }) => ({ name, licenses, dependsOn, development })),
    ).toEqual([
      { name: 'acme/console', licenses: ['MIT'], dependsOn: ['acme/log:^1.0'], development: undefined },
      { name: 'acme/log', licenses: ['BSD-3-Clause', 'Apache-2.0'], dependsOn: [], development: undefined },
      { name: 'acme/test-tool', licenses: ['proprietary'], dependsOn: [], development: true },
    ]);
  });
});
