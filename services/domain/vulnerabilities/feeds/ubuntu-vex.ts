import type { JsonObject } from '../../image/json.ts';
import type { Limits } from '../../limits.ts';
import type { AdvisoryStatus, AffectedPackage } from '../advisory.ts';
import { parsePurl } from '../purl-pattern.ts';
import type { Feed, FeedContext, FeedReading } from './feed.ts';
import {
  cveIdOrNull,
  listOrEmpty,
  momentOrNull,
  objectOrNull,
  parseForeignJson,
  sentenceOrNull,
  textOrNull,
} from './foreign-json.ts';
import { packageEntry } from './package-entry.ts';
import { RefusalCounter } from './refusals.ts';
import { ubuntuNamespace } from './ubuntu-releases.ts';

/**
 * Canonical's VEX (https://security-metadata.canonical.com/vex/): one OpenVEX document a CVE, which says of each source
 * package where Ubuntu stands: what it will not fix, what is out of support, what is not affected. Of what is fixed it
 * names the newest version, not the first that has the fix; Ubuntu's OSV records, which do, go before it (match.ts).
 */
export const ubuntuVex: Feed = {
  id: 'ubuntu-vex',
  recognises: (_name, head) => /"https:\/\/openvex\.dev\//.test(head) && /"author"\s*:\s*"Canonical\b/.test(head),
  read: readVex,
};

function readVex(bytes: Uint8Array, { name, limits }: FeedContext): FeedReading {
  const refusals = new RefusalCounter();
  const document = bytes.length > limits.advisoryBytes ? null : objectOrNull(parseForeignJson(bytes));
  if (document === null) {
    refusals.malformed('an OpenVEX document that is none, or past the limit advisoryBytes', name);
    return { advisories: [], refusals: refusals.list() };
  }
  const modified = momentOrNull(document.last_updated) ?? momentOrNull(document.timestamp);
  const found = new Map<string, { published: string | null; summary: string | null; affected: AffectedPackage[] }>();
  for (const item of listOrEmpty(document.statements)) {
    const statement = objectOrNull(item);
    const vulnerability = objectOrNull(statement?.vulnerability);
    const id = cveIdOrNull(vulnerability?.name);
    if (statement === null || id === null) {
      refusals.malformed('a statement of an OpenVEX document without a CVE', name);
      continue;
    }
    const known = found.get(id) ?? {
      published: momentOrNull(statement.timestamp),
      summary: sentenceOrNull(vulnerability?.description),
      affected: [],
    };
    found.set(id, known);
    addStatement(known.affected, statement, { id, limits, refusals });
  }
  const advisories = Array.from(found, ([id, { published, summary, affected }]) => ({
    id,
    aliases: [],
    source: 'ubuntu-vex',
    url: `https://ubuntu.com/security/${id}`,
    summary,
    published,
    modified,
    withdrawn: null,
    severities: [],
    affected,
  })).filter(({ affected }) => affected.length > 0);
  const covers = new Set(advisories.flatMap(({ affected }) => affected.map(({ ecosystem }) => ecosystem)));
  return { advisories, covers: [...covers].sort(), refusals: refusals.list() };
}

/** Where Ubuntu stands, by the words that its statements begin with. */
const STANDS: readonly (readonly [words: RegExp, status: AdvisoryStatus, word: string])[] = [
  [/decided to not fix it/, 'will_not_fix', 'ignored'],
  [/is no longer supported/, 'end_of_life', 'end-of-life'],
  [/\bdeferred?\b/, 'fix_deferred', 'deferred'],
  [/\bpending\b/, 'affected', 'pending'],
  [/needs fixing/, 'affected', 'needed'],
];

/** The vendor's sentence, and no notes behind it: those quote everybody. */
const NOTES = /\bCVE Notes\b.*$/s;

interface Stand {
  readonly status: AdvisoryStatus;
  readonly word: string | null;
}

function standOf(statement: JsonObject): Stand | null {
  switch (statement.status) {
    case 'fixed':
      return { status: 'fixed', word: null };
    case 'not_affected':
      return { status: 'not_affected', word: textOrNull(statement.justification, 64) };
    case 'under_investigation':
      return { status: 'under_investigation', word: 'needs-triage' };
    case 'affected': {
      const said = (sentenceOrNull(statement.action_statement, 1_024) ?? '').replace(NOTES, '');
      const [, status, word] = STANDS.find(([words]) => words.test(said)) ?? [null, 'affected' as const, null];
      return { status, word };
    }
    default:
      return null;
  }
}

function addStatement(
  affected: AffectedPackage[],
  statement: JsonObject,
  { id, limits, refusals }: { readonly id: string; readonly limits: Limits; readonly refusals: RefusalCounter },
): void {
  const stand = standOf(statement);
  if (stand === null) {
    refusals.malformed('a statement of an OpenVEX document of no known status', id);
    return;
  }
  // Whoever has it all the same got it elsewhere: that Ubuntu has no such package clears nobody's.
  if (stand.word === 'component_not_present') {
    refusals.outOfScope('a statement that a release does not have the package', id);
    return;
  }
  for (const product of listOrEmpty(statement.products)) {
    const text = textOrNull(objectOrNull(product)?.['@id'], 4_096);
    // Binary packages repeat what stands of their source, on each architecture.
    if (text === null || !/[?&]arch=source(?:&|$)/.test(text)) continue;
    const purl = parsePurl(text);
    const namespace = ubuntuNamespace(purl?.qualifiers?.distro ?? '');
    if (purl === null || namespace === null || (stand.status === 'fixed' && !purl.version)) {
      refusals.malformed('a product of an OpenVEX document that is no package of a release', id);
    } else if (affected.length >= limits.advisoryEntries) {
      refusals.malformed('a record past the limit advisoryEntries', id);
      return;
    } else {
      affected.push(
        packageEntry({
          ...namespace,
          name: purl.name,
          nameOf: 'source',
          status: stand.status,
          vendorStatus: stand.word,
          fixed: stand.status === 'fixed' ? purl.version! : null,
        }),
      );
    }
  }
}
