import type { Limits } from '../../limits.ts';
import { type DatabaseUnit, EMPTY_UNIT } from '../ecosystem.ts';
import { eachLine } from '../text-lines.ts';
import { UnitGaps } from '../unit-gaps.ts';

/**
 * apk-repositories(5): `[@TAG] [ndx|v2|v3] URL [COMPONENT…]`, `#` comments, `set NAME=VALUE`. Components are
 * written out as URL/COMPONENT. Tags are dropped: a tagged repository is one that packages may come from. So are
 * credentials in a URL, which no report may carry.
 */
export function readRepositories(path: string, bytes: Uint8Array, limits: Limits): DatabaseUnit {
  const gaps = new UnitGaps();
  const repositories: string[] = [];
  const facts = eachLine(
    bytes,
    (line) => {
      const words = line.split(/[\s\p{Cc}]+/u).filter((word) => word !== '');
      if (words[0]?.startsWith('#')) return true;
      if (words[0]?.startsWith('@')) words.shift();
      if (words[0] === 'ndx' || words[0] === 'v2' || words[0] === 'v3') words.shift();
      const [url, ...components] = words;
      if (url === undefined || !url.includes('/')) return true;
      const base = url.replace(/^([a-z0-9+.-]+:\/\/)[^/]*@/i, '$1');
      const named = components.length === 0 ? [base] : components.map((name) => `${base.replace(/\/+$/, '')}/${name}`);
      for (const repository of named) {
        if (repositories.length >= limits.repositories) {
          gaps.add(
            'limit-reached',
            `more than ${limits.repositories} repositories (repositories); the rest was not read`,
          );
          return false;
        }
        repositories.push(repository);
      }
      return true;
    },
    limits.recordFieldBytes,
  );
  if (facts.overlong)
    gaps.add('limit-reached', `a line is longer than ${limits.recordFieldBytes} bytes (recordFieldBytes)`);
  return { ...EMPTY_UNIT, path, repositories, gaps: gaps.all() };
}
