import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { admissionSettings } from '../domain/admission/admission-settings.ts';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { DEFAULT_POLICY_SETTINGS } from '../domain/verdict/plan.ts';
import type { AdmissionServerSettings } from '../pipeline/admission-server-settings.ts';
import type { PolicySource } from '../pipeline/reload-policies.ts';
import type { ServerSettings } from '../pipeline/server-settings.ts';
import type { Session } from './session.ts';
import { readSettingsFile } from './settings-file.ts';

/** Files of one directory of policies that are looked at for changes. */
const FILES = 10_000;

/** The policies that a server's settings name, with their own settings, as they are on disk whenever they are asked for. */
export function admissionPolicies(
  session: Session,
  { policies: paths, settings: file }: ServerSettings['scan'],
  { policyMs }: AdmissionServerSettings,
): PolicySource {
  const named = [...(file === undefined ? [] : [file]), ...paths.map((path) => path.replace(/@sha256:[0-9a-f]+$/, ''))];
  return {
    name: named.length === 0 ? 'built in' : named.join(', '),
    state: async () => {
      const hash = createHash('sha256');
      for (const path of named) addTo(hash, path, { files: FILES });
      return { digest: `sha256:${hash.digest('hex')}`, author: authorOf(named) };
    },
    open: async (stored) => {
      const config = await readSettingsFile(file);
      const policy = config?.settings.policy ?? DEFAULT_POLICY_SETTINGS;
      const limits = { deadlineMs: policyMs, spare: true };
      const bundles = await Promise.all(stored.map((bundle) => bundle.files()));
      const evaluator = await session.openPolicies({ builtin: policy.builtin, paths, bundles, limits });
      try {
        config?.check(evaluator);
      } catch (error) {
        await evaluator.close();
        throw error;
      }
      const settings = config?.settings.admission ?? admissionSettings.parse({});
      return { evaluator, policy, settings, close: () => evaluator.close() };
    },
  };
}

/** What lies there, names and bytes, in one order. A mounted ConfigMap is a directory of links that are swapped at one moment. */
function addTo(hash: ReturnType<typeof createHash>, path: string, left: { files: number }): void {
  try {
    if (--left.files < 0) throw new Error(`there are more than ${FILES} files`);
    const stats = statSync(path);
    hash.update(`${path}\0`);
    if (stats.isDirectory()) {
      for (const name of readdirSync(path).sort()) if (!name.startsWith('..')) addTo(hash, join(path, name), left);
    } else if (stats.isFile()) {
      if (stats.size > LIMITS.policyBytes) throw new Error(`it has more than policyBytes (${LIMITS.policyBytes})`);
      hash.update(`${stats.size}\0`).update(readFileSync(path));
    }
  } catch (cause) {
    if (cause instanceof PlimsollError) throw cause;
    throw new PlimsollError('POLICY_INVALID', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Who owns what was changed last: the most that files say of who wrote them. */
function authorOf(paths: readonly string[]): string | null {
  const owners = paths.map((path) => statSync(path, { throwIfNoEntry: false })).filter((stats) => stats !== undefined);
  const newest = owners.toSorted((a, b) => b.mtimeMs - a.mtimeMs)[0];
  return newest === undefined ? null : `uid ${newest.uid}`;
}
