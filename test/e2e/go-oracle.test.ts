import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { go } from '../../services/domain/packages/go/index.ts';
import { extractUnit } from '../support/read-context.ts';
import { findGoTool } from '../tools/go-tools.ts';

const ROOT = spawnSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).stdout?.trim() ?? '';
const HAS_GO = ROOT !== '';
const without = HAS_GO ? '' : ' (skipped: no go here)';

/** `NAME VERSION` of everything that `go version -m` prints, in its order. */
function printed(program: string): string[] {
  const [head, ...lines] = execFileSync('go', ['version', '-m', program], { encoding: 'utf8' }).split('\n');
  const rows: [name: string, version: string][] = [
    ['stdlib', head!.slice(program.length + 2).replace(/^go([0-9a-z.]+).*$/, '$1')],
  ];
  for (const line of lines) {
    const [, word, name, version = ''] = line.split('\t');
    if (word === 'mod' || word === 'dep') rows.push([name!, version]);
    if (word !== '=>') continue;
    if (name!.startsWith('.')) rows[rows.length - 1]![1] = '(devel)';
    else rows[rows.length - 1] = [name!, version];
  }
  return rows.map((row) => row.join(' '));
}

/** The same of ours. Of a main module without a version `go version -m` knows none; we look at more. */
function read(program: string): string[] {
  const unit = extractUnit(go, 'usr/bin/program', readFileSync(program))!;
  expect(unit.gaps).toEqual([]);
  return unit.packages.map(({ name, version }) => `${name} ${version}`);
}

function expectSame(program: string): void {
  const ours = read(program);
  const theirs = printed(program);
  expect(ours.toSpliced(1, 1)).toEqual(theirs.toSpliced(1, 1));
  if (!theirs[1]?.endsWith(' (devel)')) expect(ours[1]).toBe(theirs[1]);
}

describe.skipIf(!HAS_GO)(`programs as go version -m reads them${without}`, () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-go-'));
    mkdirSync(join(folder, 'dep'));
    writeFileSync(
      join(folder, 'go.mod'),
      'module example.org/tool\n\ngo 1.18\n\nrequire example.org/dep v1.2.3\n\nreplace example.org/dep => ./dep\n',
    );
    writeFileSync(
      join(folder, 'main.go'),
      'package main\n\nimport "example.org/dep"\n\nvar version string\n\nfunc main() { println(dep.Text, version) }\n',
    );
    writeFileSync(join(folder, 'dep/go.mod'), 'module example.org/dep\n\ngo 1.18\n');
    writeFileSync(join(folder, 'dep/dep.go'), 'package dep\n\nvar Text = "dep"\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function build(...flags: string[]): string {
    const program = join(folder, 'program');
    const env = {
      ...process.env,
      CGO_ENABLED: '0',
      GOFLAGS: '-mod=mod',
      GOPROXY: 'off',
      GOTOOLCHAIN: 'local',
      GOWORK: 'off',
    };
    execFileSync('go', ['build', '-o', program, ...flags, '.'], { cwd: folder, env });
    return program;
  }

  test.each([
    ['plain', []],
    ['stripped', ['-ldflags=-s -w']],
    ['without paths and build id', ['-trimpath', '-ldflags=-buildid=']],
    ['position-independent', ['-buildmode=pie']],
  ])('built %s', (_name, flags) => {
    const program = build(...flags);
    expectSame(program);
    expect(read(program).slice(1)).toEqual(['example.org/tool (devel)', 'example.org/dep (devel)']);
  });

  test('built with a version for the linker', () => {
    expect(read(build('-ldflags=-s -X main.version=1.2.3'))[1]).toBe('example.org/tool v1.2.3');
  });

  const tools = join(ROOT, 'pkg/tool', `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`);
  const toolchain = [join(ROOT, 'bin'), tools].filter((path) => HAS_GO && existsSync(path));
  test.each(toolchain)('those of %s', (path) => {
    for (const name of readdirSync(path)) expectSame(join(path, name));
  });

  const old = join(ROOT, 'src/debug/buildinfo/testdata/go117/go117.base64');
  test.skipIf(!existsSync(old))('one of Go 1.17, where Go’s sources have it', () => {
    const program = join(folder, 'go117');
    writeFileSync(program, Buffer.from(readFileSync(old, 'latin1'), 'base64'), { mode: 0o755 });
    expectSame(program);
    expect(read(program)).toEqual(['stdlib 1.17', 'example.com/go117 (devel)']);
  });
});

describe.each(['trivy', 'syft'])('%s', (name) => {
  const program = findGoTool(name);
  test.skipIf(!HAS_GO || program === null)(
    'as go version -m reads it (skipped where no go is, or it is not cached)',
    () => {
      expectSame(program!);
      expect(read(program!).length).toBeGreaterThan(100);
    },
  );
});
