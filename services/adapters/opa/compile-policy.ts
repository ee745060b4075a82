import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { messageOf } from '../../domain/errors.ts';
import { TarParser } from '../../domain/layers/tar/parser.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { PolicyManifest, Rule } from '../../domain/verdict/policy.ts';
import { invalid, sha256 } from './bundle.ts';
import { ENTRYPOINT } from './protocol.ts';

/** Where Rego is compiled with, and from. */
export interface Compiler {
  /** The `opa` executable, or its name in PATH. */
  readonly opa: string;
  /** The folder that has lib/ and capabilities.json. */
  readonly shared: string;
}

/** What opa builds, in its working directory. */
const BUNDLE = 'bundle.tar.gz';

/** Compiling takes less than a second; opa itself is trusted to end. */
const OPA_MS = 120_000;
const OPA_OUTPUT_BYTES = 64 * 2 ** 20;

/**
 * Compiles a directory of Rego with the library that gives it its entrypoint. Files named *_test.rego are left out. Raises POLICY_INVALID, with
 * what opa says.
 */
export async function compilePolicy(
  directory: string,
  compiler: Compiler,
  name: string = bundleName(directory),
): Promise<{ readonly manifest: PolicyManifest; readonly wasm: Uint8Array<ArrayBuffer> }> {
  const sources = policySources(directory);
  if (sources.length === 0)
    throw invalid(directory, 'it holds neither a bundle (manifest.json, policy.wasm) nor .rego files');
  const work = mkdtempSync(join(tmpdir(), 'plimsoll-policy-'));
  try {
    const files = stage(directory, compiler.shared, work);
    const capabilities = resolve(compiler.shared, 'capabilities.json');
    const opa = (...args: string[]) => runOpa(compiler.opa, args, directory, work);
    await opa('build', '-t', 'wasm', '-e', ENTRYPOINT, '--capabilities', capabilities, '-o', BUNDLE, ...files);
    const [version, inspected] = await Promise.all([
      opa('version'),
      opa('inspect', '--annotations', '--format', 'json', BUNDLE),
    ]);
    const wasm = wasmOf(readFileSync(join(work, BUNDLE)), directory);
    const manifest: PolicyManifest = {
      schemaVersion: '1',
      name,
      opa: /^Version: (\S+)/m.exec(version)?.[1] ?? 'unknown',
      entrypoint: ENTRYPOINT,
      source: sourceDigest(directory, compiler.shared),
      wasm: sha256(wasm),
      rules: await rulesOf(JSON.parse(inspected), directory),
    };
    return { manifest, wasm };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Copies the sources to where their names tell nothing of this machine: opa writes them into the module. Their names there. */
function stage(directory: string, shared: string, work: string): string[] {
  const library = join(shared, 'lib');
  const places = new Map(policySources(library).map((file) => [resolve(file), join('lib', relative(library, file))]));
  for (const file of policySources(directory)) {
    const path = resolve(file);
    if (!places.has(path)) places.set(path, join('policy', relative(directory, file)));
  }
  for (const [file, place] of places) {
    mkdirSync(join(work, dirname(place)), { recursive: true });
    copyFileSync(file, join(work, place));
  }
  return [...places.values()].toSorted();
}

/** The bundle's manifest as its file. */
export function manifestText(manifest: PolicyManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

export interface RegoTests {
  readonly passed: boolean;
  /** What opa prints of them. */
  readonly output: string;
}

/** Runs the Rego tests of a directory. Raises POLICY_INVALID where there are none. */
export async function testPolicy(directory: string, compiler: Compiler): Promise<RegoTests> {
  const files = [join(compiler.shared, 'lib'), directory].flatMap((folder) => regoFiles(folder));
  if (!files.some((file) => file.endsWith('_test.rego'))) throw invalid(directory, 'it has no tests (*_test.rego)');
  const capabilities = join(compiler.shared, 'capabilities.json');
  const unique = [...new Set(files.map((file) => resolve(file)))];
  const ran = await opaOutput(
    compiler.opa,
    ['test', '--capabilities', resolve(capabilities), ...unique],
    directory,
    '.',
  );
  return { passed: ran.failure === null, output: ran.stdout + (ran.failure ?? '') };
}

/** Of every source by its path, the library and the capabilities: two builds of one digest are the same bundle. */
export function sourceDigest(directory: string, shared: string): string {
  const lines = [
    ...policySources(directory).map((file) => [relative(directory, file), file] as const),
    ...policySources(join(shared, 'lib')).map((file) => [`lib/${relative(join(shared, 'lib'), file)}`, file] as const),
    ['capabilities.json', join(shared, 'capabilities.json')] as const,
  ];
  const unique = new Map(lines.map(([path, file]) => [path, `${path}\0${sha256(readFileSync(file))}\n`]));
  return sha256(
    [...unique.keys()]
      .toSorted()
      .map((path) => unique.get(path))
      .join(''),
  );
}

function policySources(directory: string): string[] {
  return regoFiles(directory).filter((file) => !file.endsWith('_test.rego'));
}

function regoFiles(directory: string): string[] {
  try {
    const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => name.endsWith('.rego'))
      .toSorted()
      .map((name) => join(directory, name));
  } catch (error) {
    throw invalid(directory, messageOf(error));
  }
}

function bundleName(directory: string): string {
  const name = basename(resolve(directory))
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return name === '' ? 'policy' : name;
}

async function runOpa(opa: string, args: readonly string[], directory: string, cwd: string): Promise<string> {
  const { stdout, failure } = await opaOutput(opa, args, directory, cwd);
  if (failure === null) return stdout;
  const said = (failure || stdout).trim().replace(/\s*\n\s*/g, '; ');
  throw invalid(directory, `opa ${args[0]} says: ${said}`);
}

/** What opa wrote; `failure` is what it wrote to standard error where it did not succeed. */
function opaOutput(
  opa: string,
  args: readonly string[],
  directory: string,
  cwd: string,
): Promise<{ readonly stdout: string; readonly failure: string | null }> {
  const { promise, resolve: settle, reject } = Promise.withResolvers<{ stdout: string; failure: string | null }>();
  const options = { cwd, timeout: OPA_MS, maxBuffer: OPA_OUTPUT_BYTES, encoding: 'utf8' } as const;
  // A path of the user's is not one below the working directory.
  execFile(opa.includes('/') ? resolve(opa) : opa, args, options, (error, stdout, stderr) => {
    if (error === null) return settle({ stdout, failure: null });
    if (typeof error.code === 'number') return settle({ stdout, failure: stderr });
    const missing = `there is no ${opa} in PATH to compile it; install opa (https://www.openpolicyagent.org), or give a bundle that "plimsoll policy build" made`;
    reject(invalid(directory, error.code === 'ENOENT' ? `it is Rego source, and ${missing}` : messageOf(error)));
  });
  return promise;
}

/** opa packs what it built as tar.gz. */
function wasmOf(bundle: Uint8Array, directory: string): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const parser = new TarParser(
    {
      entry: ({ path }) => path === 'policy.wasm',
      data: (chunk) => parts.push(chunk.slice()),
      end() {},
    },
    LIMITS,
  );
  parser.push(gunzipSync(bundle, { maxOutputLength: 2 * LIMITS.policyBytes }));
  parser.finish();
  if (parts.length === 0) throw invalid(directory, 'opa built no policy.wasm');
  return new Uint8Array(Buffer.concat(parts));
}

/** Rules by what their packages say of themselves (`# METADATA`, scope: package). */
async function rulesOf(inspected: InspectedBundle, directory: string): Promise<Rule[]> {
  const { rule } = await import('../../domain/verdict/policy.ts');
  const ids = new Set(
    Object.keys(inspected.namespaces).flatMap((name) => /^data\.plimsoll\.rules\.([^.]+)/.exec(name)?.[1] ?? []),
  );
  if (ids.size === 0) throw invalid(directory, 'it has no rule: write "package plimsoll.rules.<id>"');
  return [...ids].toSorted().map((id) => {
    const said = inspected.annotations?.find(({ annotations: { scope }, path }) => {
      return scope === 'package' && path.map(({ value }) => value).join('.') === `data.plimsoll.rules.${id}`;
    })?.annotations;
    if (said === undefined)
      throw invalid(directory, `the rule ${id} has no metadata: see docs/policy.md for its "# METADATA"`);
    const { title, description = '', custom = {} } = said;
    const { data, error } = rule.safeParse({ id, title, description, critical: false, params: {}, ...custom });
    if (data !== undefined) return data;
    const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw invalid(directory, `the metadata of the rule ${id}: ${problems}`);
  });
}

interface InspectedBundle {
  readonly namespaces: Readonly<Record<string, unknown>>;
  readonly annotations?: readonly {
    readonly path: readonly { readonly value: string }[];
    readonly annotations: {
      readonly scope: string;
      readonly title?: string;
      readonly description?: string;
      readonly custom?: Readonly<Record<string, unknown>>;
    };
  }[];
}
