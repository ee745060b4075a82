import { messageOf } from '../../errors.ts';
import type { Limits } from '../../limits.ts';
import { type DatabaseFile, type DatabaseUnit, EMPTY_UNIT, type UnitGap } from '../ecosystem.ts';

/**
 * What Red Hat's build systems leave in a layer about where its packages come from: the content sets (repositories) of
 * a content manifest, or the CPE among the image's labels (`labels.json`). Other documents beside them name neither.
 */
export function readBuildInfo(file: DatabaseFile, { manifestBytes }: Limits): DatabaseUnit {
  const unit = { ...EMPTY_UNIT, path: file.path };
  if (file.bytes.length > manifestBytes) {
    return { ...unit, gaps: [flaw('limit-reached', `has ${file.bytes.length} bytes (limit manifestBytes)`)] };
  }
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(file.bytes));
  } catch (error) {
    return { ...unit, gaps: [flaw('package-database-broken', `is no JSON: ${messageOf(error)}`)] };
  }
  if (typeof document !== 'object' || document === null) return unit;
  const { content_sets: contentSets, cpe } = document as { content_sets?: unknown; cpe?: unknown };
  const names = [...(Array.isArray(contentSets) ? contentSets : []), cpe];
  return { ...unit, repositories: [...new Set(names.filter(isName))].sort() };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function flaw(code: UnitGap['code'], how: string): UnitGap {
  return { code, message: `the build information about repositories ${how}` };
}
