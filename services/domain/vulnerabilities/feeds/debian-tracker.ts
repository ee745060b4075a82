import type { JsonObject } from '../../image/json.ts';
import type { Advisory, AdvisoryStatus, AffectedPackage, StatedSeverity } from '../advisory.ts';
import { debianNamespace } from './debian-releases.ts';
import type { Feed, FeedContext, FeedReading } from './feed.ts';
import { objectOrNull, parseForeignJson, sentenceOrNull, textOrNull } from './foreign-json.ts';
import { levelOfWord } from './osv-severity.ts';
import { packageEntry } from './package-entry.ts';
import { RefusalCounter } from './refusals.ts';

/**
 * Debian's security tracker as one document (https://security-tracker.debian.org/tracker/data/json): source package →
 * vulnerability → release → status. It knows what is not fixed, and why not.
 */
export const debianTracker: Feed = {
  id: 'debian-tracker',
  recognises: (_name, head) => /^\s*\{/.test(head) && /"releases"\s*:\s*\{\s*"[a-z]+"\s*:\s*\{\s*"\w+"\s*:/.test(head),
  read: readTracker,
};

function readTracker(bytes: Uint8Array, { name }: FeedContext): FeedReading {
  const refusals = new RefusalCounter();
  const document = objectOrNull(parseForeignJson(bytes));
  if (document === null) {
    refusals.malformed('a tracker that is no JSON object', name);
    return { advisories: [], refusals: refusals.list() };
  }
  const issues = new Map<string, { summary: string | null; affected: AffectedPackage[] }>();
  const covers = new Set<string>();
  for (const [source, listed] of Object.entries(document)) {
    const entries = objectOrNull(listed);
    if (entries === null || textOrNull(source) === null) {
      refusals.malformed('a package of the tracker that is no object', source);
      continue;
    }
    for (const [id, value] of Object.entries(entries)) {
      const issue = objectOrNull(value);
      const releases = objectOrNull(issue?.releases);
      if (issue === null || releases === null || !/^[A-Z][\w-]*-[\w-]+$/.test(id)) {
        refusals.malformed('an issue of the tracker without releases', id);
        continue;
      }
      // Debian's own ids of what has no CVE yet change each time the tracker is rebuilt: no name to keep.
      if (id.startsWith('TEMP-')) {
        refusals.outOfScope('an issue with a temporary id only', id);
        continue;
      }
      const known = issues.get(id) ?? { summary: sentenceOrNull(issue.description), affected: [] };
      for (const [codename, stated] of Object.entries(releases)) {
        const ecosystem = debianNamespace(codename);
        const release = objectOrNull(stated);
        if (ecosystem === null || release === null) {
          refusals.malformed('an issue in a release that nobody knows', `${id} ${codename}`);
          continue;
        }
        covers.add(ecosystem);
        known.affected.push(affectedIn(ecosystem, source, release));
      }
      issues.set(id, known);
    }
  }
  const advisories = Array.from(issues, ([id, { summary, affected }]): Advisory => {
    return {
      id,
      aliases: [],
      source: 'debian-tracker',
      url: `https://security-tracker.debian.org/tracker/${id}`,
      summary,
      published: null,
      modified: null,
      withdrawn: null,
      severities: [],
      affected,
    };
  });
  return { advisories, covers: [...covers].sort(), refusals: refusals.list() };
}

/** Words of `nodsa` and `urgency` that say where Debian stands on an open issue. */
const STANDS: ReadonlyMap<string, AdvisoryStatus> = new Map<string, AdvisoryStatus>([
  ['postponed', 'fix_deferred'],
  ['ignored', 'will_not_fix'],
  ['end-of-life', 'end_of_life'],
  ['undetermined', 'under_investigation'],
]);

function affectedIn(ecosystem: string, name: string, release: JsonObject): AffectedPackage {
  const fixed = textOrNull(release.fixed_version, 256);
  const never = fixed === '0';
  const isFixed = release.status === 'resolved' && fixed !== null;
  const word = standingWord(release);
  return packageEntry({
    ecosystem,
    name,
    nameOf: 'source',
    status: isFixed ? (never ? 'not_affected' : 'fixed') : (STANDS.get(word ?? '') ?? 'affected'),
    vendorStatus: word,
    severities: severitiesOf(release.urgency),
    fixed: isFixed ? fixed : null,
  });
}

/** `nodsa` is there, and mostly empty, where no advisory was worth while; its reason says what follows from that. */
function standingWord(release: JsonObject): string | null {
  if (release.status === 'undetermined') return 'undetermined';
  if (release.status === 'resolved') return null;
  if (release.urgency === 'end-of-life') return 'end-of-life';
  const reason = textOrNull(release.nodsa_reason, 64);
  if (reason !== null) return reason;
  if (release.nodsa !== undefined && release.nodsa !== null) return 'no-dsa';
  return release.urgency === 'unimportant' ? 'unimportant' : null;
}

/** `low**`: the stars tell that NVD's score was taken over. */
function severitiesOf(urgency: unknown): readonly StatedSeverity[] {
  const text = textOrNull(urgency, 64);
  if (text === null || text === 'end-of-life') return [];
  const level = levelOfWord(text.replace(/\*+$/, ''));
  return level === 'unknown' ? [] : [{ source: 'debian', level, text, vector: null }];
}
