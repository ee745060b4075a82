import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ruby } from '../../services/domain/packages/ruby/index.ts';
import { readContext } from '../support/read-context.ts';

const ask = (script: string, input: unknown): unknown => {
  return JSON.parse(execFileSync('ruby', ['-rjson', '-e', script], { input: JSON.stringify(input), encoding: 'utf8' }));
};

const COMPARE = `
def compare(a, b)
  Gem::Version.new(a) <=> Gem::Version.new(b)
rescue ArgumentError
  'incomparable'
end
puts JSON.generate(JSON.parse(STDIN.read).map { |a, b| compare(a, b) })`;

const LIST = `
rows = Gem::Specification.map do |spec|
  dependencies = spec.runtime_dependencies.map do |dependency|
    any = dependency.requirement.none?
    any ? dependency.name : "#{dependency.name} #{"(" + dependency.requirement.requirements.map { |op, v| "#{op} #{v}" }.join(', ') + ")"}"
  end
  platform = spec.platform.to_s == 'ruby' ? nil : spec.platform.to_s
  { file: spec.loaded_from, row: [spec.name, spec.version.to_s, platform, spec.licenses.uniq, dependencies] }
end
puts JSON.generate(rows)`;

describe.skipIf(spawnSync('ruby', ['-rjson', '-e', '1']).status !== 0)(
  'the real RubyGems (skipped where there is no ruby)',
  () => {
    const part = fc.constantFrom('.', '.', '-', 'a', 'rc', 'pre', 'B', '0', '1', '01', '12', '_', '+', ' ');
    const near = fc.array(part, { maxLength: 7 }).map((parts) => `1${parts.join('')}`);

    test.each([
      ['versions', fc.tuple(near, near)],
      [
        'neighbours',
        fc.tuple(near, fc.constantFrom('.0', '.1', '.a', 'a', '-1', '.0.a')).map(([a, more]) => [a, a + more]),
      ],
    ])('compares %s as we do', (_, pair) => {
      const pairs = fc.sample(pair as fc.Arbitrary<[string, string]>, { numRuns: 3_000, seed: 20_241_101 });
      const answers = ask(COMPARE, pairs) as unknown[];
      expect(new Set(answers).size).toBe(4);
      const differences = pairs.flatMap(([a, b], i) => {
        const ours = ruby.compare(a, b);
        return ours === answers[i] ? [] : [{ a, b, ours, rubygems: answers[i] }];
      });
      expect(differences).toEqual([]);
    });

    test('knows the gems of this host as we read them', () => {
      const theirs = (ask(LIST, []) as { file: string; row: unknown[] }[]).filter(({ file }) => file !== null);
      expect(theirs.length).toBeGreaterThan(10);
      for (const { file, row } of theirs) {
        const path = file.slice(1);
        expect(ruby.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe('whole');
        const { units } = ruby.readDatabase([{ path, bytes: readFileSync(file) }], readContext());
        expect(units.flatMap(({ gaps }) => gaps)).toEqual([]);
        const ours = units.flatMap(({ packages }) =>
          packages.map(({ name, version, arch, licenses, dependsOn }) => [name, version, arch, licenses, dependsOn]),
        );
        expect(ours).toEqual([row]);
      }
    });
  },
);
