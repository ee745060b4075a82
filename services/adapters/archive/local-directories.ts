import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { PlimsollError } from '../../domain/errors.ts';
import { parseTarget, type Target } from '../../domain/image/target.ts';

const KINDS: readonly Target['kind'][] = ['docker-archive', 'oci-archive', 'oci-dir', 'path'];

/**
 * The target by its real path, where that lies below one of the directories. Whoever asks is told the same of what is not
 * there and of what lies elsewhere. Raises USAGE, FORBIDDEN.
 */
export async function allowedLocalTarget(text: string, directories: readonly string[]): Promise<string> {
  const target = parseTarget(text);
  const forbidden = new PlimsollError(
    'FORBIDDEN',
    `${text} is no archive or layout below a directory that scan.localDirectories allows.`,
  );
  if (!KINDS.includes(target.kind) || !('selector' in target) || !target.path.startsWith('/')) throw forbidden;
  const real = await realOrNull(target.path);
  const roots = await Promise.all(directories.map(realOrNull));
  const inside = roots.some(
    (root) => root !== null && real?.startsWith(root.endsWith(sep) ? root : root + sep) === true,
  );
  // A colon or an at sign in the real path would be read as the start of a tag or digest.
  if (real === null || !inside || /[:@]/.test(real)) throw forbidden;
  const { kind, selector } = target;
  const chosen = selector === null ? '' : 'tag' in selector ? `:${selector.tag}` : `@${selector.digest}`;
  return `${kind === 'path' ? '' : `${kind}:`}${real}${chosen}`;
}

async function realOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch {
    return null;
  }
}
