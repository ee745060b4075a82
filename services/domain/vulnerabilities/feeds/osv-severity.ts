import type { JsonObject } from '../../image/json.ts';
import type { AdvisoryStatus, SeverityLevel, StatedSeverity } from '../advisory.ts';
import { listOrEmpty, objectOrNull, textOrNull } from './foreign-json.ts';

/** A vendor's word for a severity, as GitHub, Red Hat and its rebuilds, Debian, Ubuntu, SUSE, Bitnami and CVSS use them. */
const LEVELS: ReadonlyMap<string, SeverityLevel> = new Map<string, SeverityLevel>([
  ['critical', 'critical'],
  ['high', 'high'],
  ['important', 'high'],
  ['moderate', 'medium'],
  ['medium', 'medium'],
  ['low', 'low'],
  ['negligible', 'negligible'],
  ['unimportant', 'negligible'],
  ['none', 'none'],
]);

/** `unknown` for a word that says nothing (`not yet assigned`). */
export function levelOfWord(word: string): SeverityLevel {
  return LEVELS.get(word.toLowerCase()) ?? 'unknown';
}

/** Who speaks, by the start of a record's id; what is not listed speaks as `osv`. */
const SPEAKERS: readonly (readonly [prefix: RegExp, source: string])[] = [
  [/^GHSA-/, 'ghsa'],
  [/^(?:DEBIAN-|DSA-|DLA-|DTSA-)/, 'debian'],
  [/^(?:UBUNTU-|USN-|LSN-)/, 'ubuntu'],
  [/^AL[SBE]A-/, 'almalinux'],
  [/^RH[SBE]A-/, 'redhat'],
  [/^R[LX][SBE]A-/, 'rocky'],
  [/^(?:open)?SUSE-/i, 'suse'],
  [/^OESA-/, 'openeuler'],
  [/^ALPINE-/, 'alpine'],
  [/^CGA-/, 'chainguard'],
  [/^BIT-/, 'bitnami'],
  [/^GO-/, 'go'],
  [/^PYSEC-/, 'pypa'],
  [/^RUSTSEC-/, 'rustsec'],
  [/^MAL-/, 'malicious-packages'],
];

export function speakerOf(id: string): string {
  return SPEAKERS.find(([prefix]) => prefix.test(id))?.[1] ?? 'osv';
}

/** OSV `severity[]`: CVSS vectors as they stand (their level is computed when matching), and Ubuntu's own words. */
export function statedSeverities(value: unknown, speaker: string): StatedSeverity[] {
  const severities: StatedSeverity[] = [];
  for (const item of listOrEmpty(value)) {
    const entry = objectOrNull(item);
    const type = textOrNull(entry?.type, 32);
    const score = textOrNull(entry?.score, 512);
    if (type === null || score === null) continue;
    if (/^CVSS_V[234]$/.test(type)) severities.push({ source: speaker, level: 'unknown', text: null, vector: score });
    else severities.push({ source: type.toLowerCase(), level: levelOfWord(score), text: score, vector: null });
  }
  return severities;
}

/** The word under one of these keys of a free-form object, as a severity; empty where there is none. */
export function severityWord(fields: JsonObject | null, keys: readonly string[], speaker: string): StatedSeverity[] {
  for (const key of keys) {
    const text = textOrNull(fields?.[key], 64);
    if (text !== null) return [{ source: speaker, level: levelOfWord(text), text, vector: null }];
  }
  return [];
}

/** `Important: nodejs:18 security update`: errata say it in the title (Red Hat, and what is rebuilt from it). */
export function severityOfTitle(title: string | null, speaker: string): StatedSeverity[] {
  const word = /^(Critical|Important|Moderate|Low): /.exec(title ?? '')?.[1];
  return word === undefined ? [] : [{ source: speaker, level: levelOfWord(word), text: word, vector: null }];
}

/** Words of `ecosystem_specific` that say where a vendor stands: Debian's urgency, Ubuntu's status, Wolfi's last event. */
const STANDS: ReadonlyMap<string, AdvisoryStatus> = new Map<string, AdvisoryStatus>([
  ['end-of-life', 'end_of_life'],
  ['needed', 'affected'],
  ['pending', 'affected'],
  ['active', 'affected'],
  ['needs-triage', 'under_investigation'],
  ['deferred', 'fix_deferred'],
  ['ignored', 'will_not_fix'],
  ['not-affected', 'not_affected'],
  ['DNE', 'not_affected'],
  ['detection', 'under_investigation'],
  ['true-positive-determination', 'affected'],
  ['pending-upstream-fix', 'fix_deferred'],
  ['fix-not-planned', 'will_not_fix'],
  ['false-positive-determination', 'not_affected'],
]);

/** The vendor's word, and what it means; null where the entry has none or one that is no status. */
export function vendorStand(specific: JsonObject | null): { word: string; status: AdvisoryStatus | null } | null {
  for (const key of ['uct_status', 'last_event', 'urgency', 'status']) {
    const word = textOrNull(specific?.[key], 64);
    if (word !== null) return { word, status: STANDS.get(word) ?? null };
  }
  return null;
}
