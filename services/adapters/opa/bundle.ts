import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { PolicyManifest } from '../../domain/verdict/policy.ts';
import type { BundleFiles } from '../../pipeline/policy-ports.ts';
import type { LoadedBundle } from './policy-processes.ts';

/** A bundle is a directory of these two. */
export const MANIFEST_FILE = 'manifest.json';
export const WASM_FILE = 'policy.wasm';

export function isBundle(directory: string): boolean {
  return statSync(join(directory, MANIFEST_FILE), { throwIfNoEntry: false })?.isFile() ?? false;
}

/**
 * Reads a bundle and checks it against its own manifest; whether the WebAssembly is what it should be, its thread checks.
 * A built-in bundle's manifest is ours, and its shape a matter of tests. Raises POLICY_INVALID.
 */
export async function readBundle(directory: string, builtin: boolean): Promise<LoadedBundle> {
  const manifest = readBounded(join(directory, MANIFEST_FILE), LIMITS.policyDocumentBytes);
  const wasm = readBounded(join(directory, WASM_FILE), LIMITS.policyBytes);
  return await loadBundle({ manifest, wasm }, directory, builtin);
}

/** The same of bytes that came from elsewhere; `name` is what errors call it. Raises POLICY_INVALID. */
export async function loadBundle(
  { manifest: bytes, wasm }: BundleFiles,
  name: string,
  builtin: boolean,
): Promise<LoadedBundle> {
  const manifest = await parseManifest(bytes, name, builtin);
  const digest = sha256(wasm);
  if (digest !== manifest.wasm) {
    throw invalid(name, `${WASM_FILE} is ${digest}, and its manifest says ${manifest.wasm}; build it again`);
  }
  return { policy: { name: manifest.name, digest: sha256(bytes), builtin, rules: manifest.rules }, wasm };
}

async function parseManifest(bytes: Uint8Array, directory: string, builtin: boolean): Promise<PolicyManifest> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(directory, `${MANIFEST_FILE} is no JSON: ${messageOf(error)}`);
  }
  if (builtin) return document as PolicyManifest;
  const { manifest } = await import('../../domain/verdict/policy.ts');
  const { data, error } = manifest.safeParse(document);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw invalid(directory, `${MANIFEST_FILE}: ${issue!.path.join('.')}: ${issue!.message}`);
}

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function invalid(path: string, problem: string): PlimsollError {
  return new PlimsollError('POLICY_INVALID', `The policy ${path} cannot be used: ${problem}.`);
}

/** Reads no more than it may, whatever the file says of its size. */
function readBounded(file: string, limit: number): Uint8Array<ArrayBuffer> {
  try {
    const handle = openSync(file, 'r');
    try {
      const { size } = fstatSync(handle);
      if (size > limit) throw invalid(file, `it has ${size} bytes, and ${limit} are the most`);
      const bytes = new Uint8Array(size);
      let read = 0;
      while (read < size) {
        const count = readSync(handle, bytes, read, size - read, read);
        if (count === 0) break;
        read += count;
      }
      return bytes.subarray(0, read);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (error instanceof PlimsollError) throw error;
    throw invalid(file, messageOf(error));
  }
}
