import { PlimsollError } from '../errors.ts';
import { isDigest } from '../image/digest.ts';
import type { IndexReport, Report } from '../report/report.ts';

/** What the start gate of a node knows of one image (services/agent/sensor/verdicts.h). */
export interface CachedVerdict {
  readonly digest: string;
  readonly decision: 'allow' | 'deny' | 'unknown';
  /** Since 1970. */
  readonly judgedSeconds: number;
  /** The profile that its containers get. */
  readonly profile: string | null;
  /** `policy/rule` that decided. */
  readonly rule: string | null;
  /** What it says. */
  readonly text: string;
}

const DECISIONS = { pass: 'allow', fail: 'deny', unknown: 'unknown' } as const;
/** What fits the reader's fields (verdicts.h), without their NUL. */
const PROFILE_CHARACTERS = 55;
const RULE_CHARACTERS = 63;
const TEXT_CHARACTERS = 250;

/** The image of a report by its manifest and by its config: runtimes know it by one or the other. None where it has no verdict. */
export function verdictsOfReport({ createdAt, target, image, verdict }: Report): CachedVerdict[] {
  if (verdict === undefined) return [];
  const decisive = verdict.violations.find(({ mode, exempt }) => mode === 'deny' && exempt === null);
  const digests = new Set([target.digest, image.id].filter((digest): digest is string => isDigest(digest)));
  return [...digests].map((digest) => ({
    digest,
    decision: DECISIONS[verdict.decision],
    judgedSeconds: Math.floor(Date.parse(createdAt) / 1_000),
    profile: null,
    rule: decisive === undefined ? null : `${decisive.policy}/${decisive.rule}`,
    text: decisive?.message ?? verdict.reasons.find(({ decides }) => decides !== null)?.message ?? '',
  }));
}

/** Of each image of an index too. */
export function verdictsOfDocument(document: Report | IndexReport): CachedVerdict[] {
  return 'reports' in document ? document.reports.flatMap(verdictsOfReport) : verdictsOfReport(document);
}

/** The file as the hook searches it: sorted, one image a line, the later of two entries of one digest. */
export function encodeVerdicts(verdicts: readonly CachedVerdict[]): string {
  const newest = new Map(verdicts.map((verdict) => [verdict.digest, verdict]));
  const lines = [...newest.values()]
    .sort((a, b) => (a.digest < b.digest ? -1 : 1))
    .map(({ digest, decision, judgedSeconds, profile, rule, text }) =>
      [
        digest,
        decision,
        judgedSeconds,
        word(profile, PROFILE_CHARACTERS),
        word(rule, RULE_CHARACTERS),
        printable(text, TEXT_CHARACTERS),
      ].join(' '),
    );
  return `plimsoll-verdicts 1 ${lines.length}\n${lines.map((line) => `${line}\n`).join('')}`;
}

/** What `encodeVerdicts` wrote. USAGE where it is something else, so that nothing is lost by writing over it. */
export function decodeVerdicts(text: string, file: string): CachedVerdict[] {
  const [head, ...lines] = text.split('\n');
  const refuse = (why: string) => new PlimsollError('USAGE', `${file} is no file of verdicts: ${why}`);
  const count = /^plimsoll-verdicts 1 (\d+)$/.exec(head!)?.[1];
  if (count === undefined) throw refuse('its first line is another');
  if (lines.pop() !== '' || lines.length !== Number(count)) throw refuse('it is not whole');
  return lines.map((line) => {
    const { digest, decision, seconds, profile, rule, said } =
      /^(?<digest>sha256:[0-9a-f]{64}) (?<decision>allow|deny|unknown) (?<seconds>\d+) (?<profile>\S+) (?<rule>\S+) (?<said>.*)$/.exec(
        line,
      )?.groups ?? {};
    if (digest === undefined) throw refuse(`a line is none: ${line.slice(0, 100)}`);
    return {
      digest,
      decision: decision as CachedVerdict['decision'],
      judgedSeconds: Number(seconds),
      profile: profile === '-' ? null : profile!,
      rule: rule === '-' ? null : rule!,
      text: said!,
    };
  });
}

/** Without spaces, since those part the fields. */
function word(text: string | null, most: number): string {
  const found = printable(text ?? '', most).replaceAll(' ', '_');
  return found === '' ? '-' : found;
}

function printable(text: string, most: number): string {
  const plain = text.replace(/[^\x20-\x7e]+/g, '?').trim();
  return plain.length <= most ? plain : `${plain.slice(0, most - 3)}...`;
}
