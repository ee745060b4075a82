import type picocolors from 'picocolors';
import type { ReportCompleteness, ReportVerdict } from '../domain/report/report.ts';
import { printable, wrap } from './printable.ts';
import { counted } from './wording.ts';

type Paint = ReturnType<typeof picocolors.createColors>;

const REASONS_SHOWN = 20;
const PROSE_WIDTH = 100;
const REASON_LINES = 4;

const MARKS = { fail: 'x', unknown: '?', shown: '-' } as const;
const ORDER = ['fail', 'unknown', null] as const;

/** Why, what decides first; then one line that says what it comes to, and how fresh the advisories are. */
export function renderVerdict(
  { decision, reasons, violations }: ReportVerdict,
  feeds: ReportCompleteness['feeds'],
  width: number,
  paint: Paint,
): string[] {
  const colour = { pass: paint.green, fail: paint.red, unknown: paint.yellow }[decision];
  const inOrder = ORDER.flatMap((decides) => reasons.filter((reason) => reason.decides === decides));
  const lines = inOrder.slice(0, REASONS_SHOWN).flatMap(({ decides, message }) => {
    const mark = MARKS[decides ?? 'shown'];
    const tint = decides === null ? (text: string) => text : colour;
    return wrap(printable(message), Math.min(width, PROSE_WIDTH) - 2, REASON_LINES).map((line, i) => {
      return `${i === 0 ? tint(mark) : ' '} ${line}`;
    });
  });
  if (inOrder.length > REASONS_SHOWN)
    lines.push(`  … and ${inOrder.length - REASONS_SHOWN} more: --format json lists them all.`);
  const counting = violations.filter(
    ({ mode, exempt, level }) => mode === 'deny' && exempt === null && level !== 'undecided',
  ).length;
  const exempt = violations.filter((each) => each.exempt !== null).length;
  const deciding = reasons.filter(({ decides }) => decides === 'unknown').length;
  const parts = {
    pass: 'nothing that is denied was found',
    fail: `${counted(counting, 'violation')} of rules that deny`,
    unknown: `${counted(deciding, 'reason')} why nobody can say that it passes`,
  };
  const rest = exempt === 0 ? '' : `, ${exempt} exempt`;
  const [first, ...others] = wrap(
    `Verdict: ${decision}: ${parts[decision]}${rest}; ${freshness(feeds)}.`,
    width,
    REASON_LINES,
  );
  const word = `Verdict: ${decision}`;
  return [...lines, `${paint.bold(colour(word))}${first!.slice(word.length)}`, ...others];
}

/** The oldest of the feeds that were asked: no verdict is fresher than that. */
function freshness(feeds: ReportCompleteness['feeds']): string {
  if (feeds.length === 0) return 'no advisories were asked';
  const newest = feeds.map((feed) => feed.newest).filter((moment) => moment !== null);
  if (newest.length < feeds.length) return 'some advisories are undated';
  return `every feed has advisories up to ${newest.toSorted()[0]!.slice(0, 10)} or later`;
}
