import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../../domain/limits.ts';
import type { BundleFiles } from '../../pipeline/policy-ports.ts';
import { invalid, isBundle, loadBundle, MANIFEST_FILE, readBundle, sha256, WASM_FILE } from './bundle.ts';
import { type Compiler, compilePolicy, manifestText } from './compile-policy.ts';
import { type LoadedBundle, PolicyProcesses, type ProcessOptions } from './policy-processes.ts';

export interface PolicySources extends Compiler {
  /** Of the bundle that Plimsoll comes with; null: it does not judge. */
  readonly builtin: string | null;
  /** Bundles, or directories of Rego, which are compiled now; with `@sha256:HEX` behind it that one and no other. */
  readonly paths: readonly string[];
  /** Bundles that are no files. */
  readonly bundles?: readonly BundleFiles[];
}

/** Loads, checks and starts policies. Raises POLICY_INVALID; what one is refused for, no other replaces. */
export async function openPolicies(
  sources: PolicySources,
  options: Partial<ProcessOptions> = {},
): Promise<PolicyProcesses> {
  const bundles: LoadedBundle[] = [];
  if (sources.builtin !== null) bundles.push(await readBundle(sources.builtin, true));
  for (const named of sources.paths) bundles.push(await openPinned(named, sources));
  for (const files of sources.bundles ?? []) bundles.push(await loadBundle(files, 'in the store', false));
  refuseRepeats(bundles);
  return await PolicyProcesses.start(bundles, {
    deadlineMs: LIMITS.policyMs,
    memoryBytes: LIMITS.policyMemoryBytes,
    spare: false,
    ...options,
  });
}

/** Nothing of a bundle runs before it is known to be the one that was named. */
async function openPinned(named: string, compiler: Compiler): Promise<LoadedBundle> {
  const { path = named, digest } = /^(?<path>.+)@(?<digest>sha\d+:.*)$/.exec(named)?.groups ?? {};
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw invalid(path, `"${digest}" is no digest; write sha256: and 64 lower-case hexadecimal digits`);
  }
  const bundle = await openPolicy(path, compiler);
  if (digest === undefined || digest === bundle.policy.digest) return bundle;
  throw invalid(path, `it is ${bundle.policy.digest}, and ${digest} was named: it was changed, or is another`);
}

async function openPolicy(path: string, compiler: Compiler): Promise<LoadedBundle> {
  if (isBundle(path)) return await readBundle(path, false);
  const { manifest, wasm } = await compilePolicy(path, compiler);
  const digest = sha256(manifestText(manifest));
  return { policy: { name: manifest.name, digest, builtin: false, rules: manifest.rules }, wasm };
}

/** Settings, exceptions and reports name a rule by its id alone. */
function refuseRepeats(bundles: readonly LoadedBundle[]): void {
  const owners = new Map<string, string>();
  for (const { policy } of bundles) {
    for (const { id } of policy.rules) {
      const other = owners.get(id);
      if (other !== undefined) throw invalid(policy.name, `its rule ${id} is in ${other} too; give it another name`);
      owners.set(id, policy.name);
    }
  }
}

/** Compiles Rego into a bundle on disk; its rules, and its digest for whoever names it. */
export async function buildBundle(
  directory: string,
  output: string,
  compiler: Compiler,
  name?: string,
): Promise<{ readonly rules: readonly string[]; readonly digest: string }> {
  const { manifest, wasm } = await compilePolicy(directory, compiler, name);
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, WASM_FILE), wasm);
  const text = manifestText(manifest);
  writeFileSync(join(output, MANIFEST_FILE), text);
  return { rules: manifest.rules.map(({ id }) => id), digest: sha256(text) };
}
