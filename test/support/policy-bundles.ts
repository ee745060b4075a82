import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mode, PolicyManifest } from '../../services/domain/verdict/policy.ts';
import { REPOSITORY } from './repository.ts';

/** The built-in policies, and what tests make of them. */

export const POLICIES = join(REPOSITORY, 'policies');
export const BUILTIN_BUNDLE = join(POLICIES, 'bundle');

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A copy of the built-in bundle below `place`, changed. */
export function changedBundle(
  place: string,
  change: { wasm?: (wasm: Buffer) => Uint8Array; manifest?: (manifest: PolicyManifest) => unknown } = {},
): string {
  const directory = mkdtempSync(join(place, 'bundle-'));
  const wasm = (change.wasm ?? ((bytes) => bytes))(readFileSync(join(BUILTIN_BUNDLE, 'policy.wasm')));
  const manifest: PolicyManifest = JSON.parse(readFileSync(join(BUILTIN_BUNDLE, 'manifest.json'), 'utf8'));
  const changed = { ...manifest, name: 'changed', wasm: sha256(wasm) };
  writeFileSync(join(directory, 'policy.wasm'), wasm);
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(change.manifest?.(changed) ?? changed));
  return directory;
}

/** Every occurrence of a text in the module in place of another of the same length. */
export function renamed(wasm: Buffer, from: string, to: string): Buffer {
  if (from.length !== to.length) throw new Error('names of one length only: offsets must stay');
  const bytes = Buffer.from(wasm);
  let count = 0;
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
    bytes.write(to, at, 'latin1');
    count += 1;
  }
  if (count === 0) throw new Error(`the module has no "${from}"`);
  return bytes;
}

/**
 * The built-in rules as a bundle of somebody else, below `place`: the last letter of each name is an x, so that it can stand beside
 * the original. `modes` by the new names.
 */
export function ownBundle(place: string, modes: Readonly<Record<string, Mode>> = {}): string {
  const nameOf = (id: string): string => `${id.slice(0, -1)}x`;
  const { rules }: PolicyManifest = JSON.parse(readFileSync(join(BUILTIN_BUNDLE, 'manifest.json'), 'utf8'));
  return changedBundle(place, {
    wasm: (wasm) => rules.reduce((changed, { id }) => renamed(changed, id, nameOf(id)), wasm),
    manifest: (manifest) => ({
      ...manifest,
      name: 'own',
      rules: rules.map((rule) => ({ ...rule, id: nameOf(rule.id), mode: modes[nameOf(rule.id)] ?? rule.mode })),
    }),
  });
}

/** A directory of Rego with one rule. */
export function regoRule(place: string, id: string, body: string, metadata = 'needs: []'): string {
  const directory = join(mkdtempSync(join(place, 'rego-')), id);
  mkdirSync(directory);
  const head = `# METADATA\n# title: A rule\n# scope: package\n# custom:\n#   level: error\n#   mode: deny\n#   ${metadata}\n`;
  writeFileSync(join(directory, `${id}.rego`), `${head}package plimsoll.rules.${id}\n\n${body}\n`);
  return directory;
}

/** A copy of the sources of the built-in policies. */
export function copiedPolicies(place: string): string {
  const directory = mkdtempSync(join(place, 'policies-'));
  cpSync(POLICIES, directory, { recursive: true });
  return directory;
}
