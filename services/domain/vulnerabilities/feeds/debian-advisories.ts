import type { Advisory, AffectedPackage } from '../advisory.ts';
import { debianNamespace } from './debian-releases.ts';
import type { Feed, FeedContext, FeedReading } from './feed.ts';
import { momentOrNull } from './foreign-json.ts';
import { packageEntry } from './package-entry.ts';
import { RefusalCounter } from './refusals.ts';

/**
 * The lists of Debian's security advisories, DSA and DLA (data/DSA/list and data/DLA/list of
 * https://salsa.debian.org/security-tracker-team/security-tracker): what was fixed where. An advisory stands for each
 * CVE that it names, or, where there is none, for itself.
 */
export const debianAdvisories: Feed = {
  id: 'debian-advisories',
  recognises: (_name, head) => /^\[\d\d \w{3} \d{4}\] D[SLT]+A-\d+/.test(head),
  read: readLists,
};

const decoder = new TextDecoder();
const HEAD = /^\[(?<day>\d\d) (?<month>\w{3}) (?<year>\d{4})\] (?<id>D(?:SA|LA|TSA)-\d+(?:-\d+)?)\s/;
const FIX = /^\s+\[(?<codename>[a-z]+)\]\s+-\s+(?<name>[a-z0-9][a-z0-9.+-]*)\s+(?<fixed>\S+)/;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

interface Listed {
  readonly id: string;
  readonly published: string | null;
  cves: readonly string[];
  readonly affected: AffectedPackage[];
}

function readLists(bytes: Uint8Array, { name }: FeedContext): FeedReading {
  const refusals = new RefusalCounter();
  const covers = new Set<string>();
  const listed: Listed[] = [];
  for (const line of decoder.decode(bytes).split('\n')) {
    const head = HEAD.exec(line)?.groups;
    const last = listed.at(-1);
    if (head !== undefined) listed.push({ id: head.id!, published: dayOf(head), cves: [], affected: [] });
    else if (line.trim() === '' || /^\s+(?:NOTE|TODO):/.test(line)) continue;
    else if (last === undefined) refusals.malformed('a line before the first advisory', name);
    else if (/^\s+\{/.test(line)) last.cves = line.match(/CVE-\d{4}-\d+/g) ?? [];
    else {
      const fix = FIX.exec(line)?.groups;
      const ecosystem = fix === undefined ? null : debianNamespace(fix.codename!);
      if (fix === undefined || ecosystem === null) {
        refusals.malformed('a line of an advisory that says nothing known', last.id);
        continue;
      }
      const entry = affectedBelow(ecosystem, fix.name!, fix.fixed!);
      if (entry === null) refusals.malformed('a line of an advisory that says nothing known', last.id);
      else {
        covers.add(ecosystem);
        last.affected.push(entry);
      }
    }
  }
  return { advisories: byVulnerability(listed), covers: [...covers].sort(), refusals: refusals.list() };
}

/** Several advisories fix one CVE, in several releases or by and by. */
function byVulnerability(listed: readonly Listed[]): Advisory[] {
  const found = new Map<string, { published: string | null; affected: AffectedPackage[] }>();
  for (const { id, published, cves, affected } of listed) {
    if (affected.length === 0) continue;
    for (const vulnerability of cves.length > 0 ? cves : [id]) {
      const known = found.get(vulnerability) ?? { published: null, affected: [] };
      if (known.published === null || (published !== null && published < known.published)) known.published = published;
      known.affected.push(...affected);
      found.set(vulnerability, known);
    }
  }
  return Array.from(found, ([id, { published, affected }]) => ({
    id,
    aliases: [],
    source: 'debian-advisories',
    url: `https://security-tracker.debian.org/tracker/${id}`,
    summary: null,
    published,
    modified: published,
    withdrawn: null,
    severities: [],
    affected,
  }));
}

/** `<not-affected>`, `<end-of-life>`, or a version; null for a word that is neither. */
function affectedBelow(ecosystem: string, name: string, fixed: string): AffectedPackage | null {
  const status = fixed === '<not-affected>' ? 'not_affected' : fixed === '<end-of-life>' ? 'end_of_life' : 'fixed';
  if (status === 'fixed' && !/^\d/.test(fixed)) return null;
  return packageEntry({
    ecosystem,
    name,
    nameOf: 'source',
    status,
    vendorStatus: status === 'end_of_life' ? 'end-of-life' : null,
    fixed: status === 'fixed' ? fixed : null,
  });
}

function dayOf({ day, month, year }: Readonly<Record<string, string | undefined>>): string | null {
  const number = MONTHS.indexOf(month ?? '') + 1;
  return number === 0 ? null : momentOrNull(`${year}-${String(number).padStart(2, '0')}-${day}`);
}
