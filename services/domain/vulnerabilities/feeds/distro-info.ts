import type { EndOfLife } from '../advisory.ts';
import type { Feed, FeedReading } from './feed.ts';
import { dayOrNull } from './foreign-json.ts';
import { RefusalCounter } from './refusals.ts';

/** `distro-info-data` of Debian and Ubuntu: release and support days of their releases, CSV (Debian package distro-info-data). */
export const distroInfo: Feed = {
  id: 'distro-info',
  recognises: (_name, head) => /^version,codename,series,created,release,eol(?:,|\s)/.test(head),
  read: (bytes, { name }): FeedReading => {
    const refusals = new RefusalCounter();
    const [header = '', ...lines] = new TextDecoder().decode(bytes).split('\n');
    const columns = header.trim().split(',');
    // The two files differ in their columns, and nothing else in them says whose they are.
    const distribution = columns.includes('eol-lts') ? 'Debian' : columns.includes('eol-esm') ? 'Ubuntu' : null;
    if (distribution === null) {
      refusals.malformed('end-of-life days of a distribution that is not known', name);
      return { advisories: [], refusals: refusals.list() };
    }
    const endOfLife = lines.flatMap((line): EndOfLife[] => {
      const cells = line.trim().split(',');
      const cell = (column: string): string | undefined => cells[columns.indexOf(column)];
      const version = /^\d+(?:\.\d+)?/.exec(cell('version') ?? '')?.[0];
      if (line.trim() === '' || version === undefined) return [];
      const eol = dayOrNull(cell('eol'));
      if (eol === null && cell('eol') !== undefined && cell('eol') !== '') {
        refusals.malformed('an end-of-life day that is none', `${distribution} ${version}`);
        return [];
      }
      const extendedEol = dayOrNull(cell(distribution === 'Debian' ? 'eol-lts' : 'eol-esm'));
      return [{ ecosystem: `${distribution}:${version}`, eol, extendedEol, source: 'distro-info' }];
    });
    return { advisories: [], endOfLife, refusals: refusals.list() };
  },
};
