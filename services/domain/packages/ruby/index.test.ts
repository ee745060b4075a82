import { describe, expect, test } from 'vitest';
import { readContext } from '../../../../test/support/read-context.ts';
import { LIMITS } from '../../limits.ts';
import { ruby } from './index.ts';
import { stringIn, stringsIn } from './literals.ts';

const context = readContext();
const encoder = new TextEncoder();
const GEMSPEC = 'usr/local/bundle/specifications/nokogiri-1.16.0-x86_64-linux.gemspec';

function read(content: string | Uint8Array, path = GEMSPEC) {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content;
  const { units } = ruby.readDatabase([{ path, bytes }], context);
  expect(units).toHaveLength(1);
  return units[0]!;
}

const codes = (unit: { gaps: readonly { code: string }[] }) => unit.gaps.map(({ code }) => code);
const identities = (unit: ReturnType<typeof read>) =>
  unit.packages.map(({ name, version, arch }) => [name, version, arch]);

const TEXT = `# -*- encoding: utf-8 -*-
# stub: nokogiri 1.16.0 x86_64-linux lib

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.16.0"
  s.platform = "x86_64-linux".freeze

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.authors = ["Mike \\u{e9}".freeze, "x".freeze]
  s.description = "s.name = \\"not this one\\"\\n  s.version = \\"9\\"".freeze
  s.licenses = ["MIT".freeze, "Apache-2.0".freeze, "MIT".freeze]
  s.installed_by_version = "3.3.15" if s.respond_to? :installed_by_version

  if s.respond_to? :add_runtime_dependency then
    s.add_runtime_dependency(%q<mini_portile2>.freeze, ["~> 2.8".freeze, ">= 2.8.2".freeze])
    s.add_runtime_dependency(%q<racc>.freeze, [">= 0"])
    s.add_development_dependency(%q<minitest>.freeze, ["= 5.20.0"])
  else
    s.add_dependency(%q<minitest>.freeze, ["= 5.20.0"])
    s.add_dependency(%q<racc>.freeze, [">= 0"])
  end
end
`;

test('a gem with compiled parts', () => {
  expect(read(TEXT)).toEqual({
    path: GEMSPEC,
    isDatabase: true,
    packages: [
      {
        type: 'gem',
        name: 'nokogiri',
        version: '1.16.0',
        arch: 'x86_64-linux',
        source: null,
        epoch: null,
        modularity: null,
        origin: null,
        vendor: null,
        licenses: ['MIT', 'Apache-2.0'],
        dependsOn: ['mini_portile2 (~> 2.8, >= 2.8.2)', 'racc'],
        provides: [],
      },
    ],
    fileLists: [],
    repositories: [],
    text: null,
    gaps: [],
  });
});

describe('which gem it is', () => {
  const block = (...lines: string[]) => `Gem::Specification.new do |spec|\n${lines.join('\n')}\nend\n`;
  test.each([
    ['a stub line alone', '# x\n# stub: rake 13.0.6 ruby lib\n', [['rake', '13.0.6', null]]],
    ['no stub line', block('  spec.name = "a"', "spec.version = '1.0'"), [['a', '1.0', null]]],
    [
      'old RubyGems',
      block('spec.name = %q{a}', 'spec.version = Gem::Version.new("1.0")', 'spec.platform = Gem::Platform.new("java")'),
      [['a', '1.0', 'java']],
    ],
    ['a condition', block('s.name = "a".freeze if true', 's.version = "1".freeze # one'), [['a', '1', null]]],
    ['CRLF', block('s.name = "a"', 's.version = "1"').replaceAll('\n', '\r\n'), [['a', '1', null]]],
    ['a stub line in another place counts for nothing', `\n\n# stub: b 2 ruby lib\n${TEXT}`, undefined],
  ])('%s', (_, text, expected = [['nokogiri', '1.16.0', 'x86_64-linux']]) => {
    const unit = read(text);
    expect(identities(unit)).toEqual(expected);
    expect(unit.gaps).toEqual([]);
  });

  test('what only Ruby could tell is read from the name of the file', () => {
    const text = block('s.name = "a"', 's.version = Foo::VERSION');
    const unit = read(text, 'gems/specifications/a-b-1.2.3.rc1-java.gemspec');
    expect(identities(unit)).toEqual([['a', '1.2.3.rc1', 'java']]);
    expect(codes(unit)).toEqual(['package-file-unparsable']);
  });

  test('code in a string is not the string', () => {
    const unit = read(block('s.name = "a#{x}"', 's.version = "1" + y'), 'x/specifications/b-2.gemspec');
    expect(identities(unit)).toEqual([['b', '2', null]]);
  });

  test('a stub line that lies is believed, as RubyGems does, and told', () => {
    const unit = read(TEXT.replace('stub: nokogiri 1.16.0', 'stub: nokogiri 1.18.0'));
    expect(identities(unit)).toEqual([['nokogiri', '1.18.0', 'x86_64-linux']]);
    expect(codes(unit)).toEqual(['package-file-unparsable']);
  });

  test('a stub line without a version is none', () => {
    expect(identities(read(TEXT.replace('1.16.0 x86', 'x.y x86')))).toEqual([['nokogiri', '1.16.0', 'x86_64-linux']]);
  });

  test('nothing tells', () => {
    const unit = read('puts 1', 'specifications/x.gemspec');
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toEqual(['package-record-invalid']);
  });

  test('no invisible character gets into a name', () => {
    expect(identities(read(block('s.name = "a\\u202Eb\\e"', 's.version = "1"')))).toEqual([['ab', '1', null]]);
  });

  test('bytes that are no UTF-8 are read on', () => {
    const bytes = Uint8Array.from(
      Buffer.from(block('s.summary = "\xff\xfe"', 's.name = "a"', 's.version = "1"'), 'latin1'),
    );
    expect(identities(read(bytes))).toEqual([['a', '1', null]]);
  });
});

describe('bounds', () => {
  test.each([
    ['strings without an end', `  s.licenses = [${'%q<'.repeat(250_000)}`],
    ['blanks behind a value', `  s.name = "a"${' '.repeat(900_000)}x`],
    ['blanks', `  s.add_dependency ${' '.repeat(900_000)}`],
  ])('%s take no time', (_, line) => {
    const started = performance.now();
    expect(identities(read(`${TEXT}${line}`))).toEqual([['nokogiri', '1.16.0', 'x86_64-linux']]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('a file past packageFileBytes', () => {
    const unit = read(new Uint8Array(LIMITS.packageFileBytes + 1));
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toEqual(['limit-reached']);
  });

  test('a line past recordFieldBytes', () => {
    const unit = read(`${TEXT}# ${'x'.repeat(LIMITS.recordFieldBytes)}`);
    expect(unit.packages).toHaveLength(1);
    expect(codes(unit)).toEqual(['limit-reached']);
  });
});

test.each([
  ['"a"', 'a'],
  ['"a\\"b\\\\".freeze', 'a"b\\'],
  ["'a\\nb'", 'a\\nb'],
  ["'a\\'b'", "a'b"],
  ['%q<a>.freeze', 'a'],
  ['%Q(a\\tb)', 'a\tb'],
  ['"\\u00e9\\u{1F600}\\xE9"', 'é😀é'],
  ['"\\u{ffffff}"', '\ufffd'],
  ['"a', null],
  ['a', null],
  ['', null],
  ['"a" + "b"', null],
  ['"#{a}"', null],
  ['["a"]', null],
])('%s is one string', (source, expected) => expect(stringIn(source)).toBe(expected));

test('strings in lists', () => {
  expect(stringsIn('["a".freeze, %q<b>, \'c\'] # "d"')).toEqual(['a', 'b', 'c']);
  expect(stringsIn('"'.repeat(1 << 20))).toHaveLength(1 << 19);
  expect(stringsIn('"a", "#{b}", "c"')).toEqual(['a']);
});

test.each([
  ['usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec', 'whole'],
  ['usr/share/rubygems-integration/all/specifications/rake-13.0.6.gemspec', 'whole'],
  ['app/vendor/bundle/ruby/3.2.0/specifications/a-1.gemspec', 'whole'],
  ['specifications/a-1.gemspec', 'whole'],
  ['usr/local/bundle/gems/a-1.0/a.gemspec', 'no'],
  ['usr/local/bundle/specifications/cache/a-1.gemspec', 'no'],
  ['usr/local/bundle/gems/a-1.0/test/rubygems/specifications/b-1.gemspec', 'no'],
  ['usr/local/bundle/specifications/a-1.gemspec.rb', 'no'],
  ['my-specifications/a-1.gemspec', 'no'],
])('%s: %s', (path, wanted) => {
  expect(ruby.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe(wanted);
});
