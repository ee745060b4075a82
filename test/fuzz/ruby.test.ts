import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ruby } from '../../services/domain/packages/ruby/index.ts';
import { mutated } from '../support/mutation.ts';
import { readContext } from '../support/read-context.ts';

const gemspec = (name: string, stub: string) =>
  new TextEncoder().encode(`# -*- encoding: utf-8 -*-
${stub}

Gem::Specification.new do |s|
  s.name = "${name}".freeze
  s.version = "1.2.3"
  s.platform = Gem::Platform.new("java".freeze)
  s.authors = ["\\u{1F600}".freeze, 'é']
  s.licenses = ["MIT".freeze, %q<Ruby>]
  s.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4".freeze, ">= 1.4.2"])
end
`);
const CORPUS = [gemspec('a-b', '# stub: a-b 1.2.3 java lib'), gemspec('é', '')];

test('a damaged gemspec never throws, never deceives, and is never silently lost', { timeout: 60_000 }, () => {
  const path = 'usr/local/bundle/specifications/a-b-1.2.3-java.gemspec';
  fc.assert(
    fc.property(mutated(CORPUS), (bytes) => {
      const { units } = ruby.readDatabase([{ path, bytes }], readContext());
      expect(units).toHaveLength(1);
      const { packages, gaps } = units[0]!;
      // Whatever is left of the text, the file has a name.
      expect(packages).toHaveLength(1);
      for (const { name, version, arch, licenses, dependsOn } of packages) {
        for (const text of [name, version, ...(arch === null ? [] : [arch]), ...licenses, ...dependsOn])
          expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
      }
      expect(gaps.length).toBeLessThan(100);
    }),
    { numRuns: 3_000 },
  );
});
