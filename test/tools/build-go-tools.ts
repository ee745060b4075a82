/**
 * Builds the tools of go-tools.ts that are not cached yet. Exits with 1 if one could not be built.
 *
 * `go install` refuses modules with replace lines, so each module is copied out of Go's read-only cache and built there.
 * The result is moved into place in one step: an interrupted build leaves nothing that looks like a tool.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { refusalOf } from '../../services/domain/report/engines.ts';
import { cachedPath, findGoTool, GO_TOOLS, type GoTool, toolCache } from './go-tools.ts';

const say = (line: string) => process.stderr.write(`${line}\n`);

function build(tool: GoTool): void {
  const deadline = Date.now() + tool.minutes * 60_000;
  mkdirSync(toolCache(), { recursive: true });
  // Beside the result, so that the last step is a rename on one file system.
  const work = mkdtempSync(join(toolCache(), `.${tool.name}-`));
  const go = (args: readonly string[], cwd: string, stdout: 'pipe' | 'inherit') => {
    return execFileSync('go', args, {
      cwd,
      timeout: Math.max(1, deadline - Date.now()),
      killSignal: 'SIGKILL',
      stdio: ['ignore', stdout, 'inherit'],
      env: {
        ...process.env,
        CGO_ENABLED: '0',
        GOTOOLCHAIN: 'auto',
        GOWORK: 'off',
        GOFLAGS: '-mod=mod -buildvcs=false',
        ...tool.environment,
      },
    });
  };
  try {
    const { Dir: source } = JSON.parse(
      String(go(['mod', 'download', '-json', `${tool.module}@${tool.version}`], work, 'pipe')),
    );
    const copy = join(work, 'source');
    cpSync(source, copy, { recursive: true });
    makeWritable(copy);
    if (tool.main !== undefined) cpSync(join(import.meta.dirname, tool.main), join(copy, tool.command, 'main.go'));
    if (tool.stagingVersion !== undefined) useStaging(copy, tool.stagingVersion);
    const built = join(work, tool.name);
    const stamp = `-s -w -X ${tool.versionStamp}${tool.version.slice(1)}`;
    go(['build', '-trimpath', '-ldflags', stamp, '-o', built, tool.command], copy, 'inherit');
    const target = cachedPath(tool);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(built, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Go's module cache is read-only, and so is a copy of it. */
function makeWritable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(join(folder, entry.name));
    else if (entry.isFile()) chmodSync(join(folder, entry.name), 0o644);
  }
}

/** Go leaves modules inside a module out of its archive; these are published on their own besides. */
function useStaging(copy: string, version: string): void {
  const file = join(copy, 'go.mod');
  const lines = readFileSync(file, 'utf8').replaceAll(/ => \.\/staging\/src\/(\S+)/g, ` => $1 ${version}`);
  writeFileSync(file, lines);
  rmSync(join(copy, 'vendor'), { recursive: true, force: true });
}

for (const tool of GO_TOOLS) {
  const refused = refusalOf(tool.name, tool.version);
  if (refused !== null) throw new Error(refused);
  if (findGoTool(tool.name) !== null) continue;
  say(`building ${tool.name} ${tool.version} (${tool.why}); this takes some minutes`);
  try {
    build(tool);
    say(`built ${cachedPath(tool)}`);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no go in PATH' : String(error);
    say(`could not build ${tool.name} ${tool.version}: ${reason}`);
    process.exitCode = 1;
  }
}
