import type picocolors from 'picocolors';
import type { Report } from '../domain/report/report.ts';
import { type Finding, foundIn } from '../domain/vulnerabilities/vex/found-vex.ts';
import { printable, wrap } from './printable.ts';
import { counted, wholeNumber } from './wording.ts';

type Paint = ReturnType<typeof picocolors.createColors>;

/** Documents shown; JSON has them all. */
const SHOWN = 10;
const LINES = 4;

/** What came with the target and says that vulnerabilities do not count: whether that was taken, and why not. */
export function renderFoundVex({ findings }: Report, width: number, paint: Paint): string[] {
  const found = findings.filter((finding) => foundIn(finding) !== null);
  if (found.length === 0) return [];
  const lines = foundVexTexts({ findings }).flatMap((text) => {
    const [first, ...rest] = wrap(printable(text), Math.max(20, width - 2), LINES);
    return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
  });
  if (found.length > SHOWN)
    lines.push(`  … and ${wholeNumber(found.length - SHOWN)} more: --format json lists them all.`);
  return [paint.bold('VEX that came with it'), ...lines];
}

/** One text for each of the first documents. */
export function foundVexTexts({ findings }: Pick<Report, 'findings'>): string[] {
  const found = findings.filter((finding) => foundIn(finding) !== null);
  return found.slice(0, SHOWN).map(lineOf);
}

function lineOf({ path, referrer, layer, signed, identity, applied, elsewhere, reason }: Finding): string {
  const place = typeof path === 'string' ? `/${path}, layer ${layer}` : `beside it, ${referrer}`;
  if (reason !== null) return `${place}: ${signed}, not applied: ${reason}`;
  const said = `${counted(Number(applied), 'statement')} for vulnerabilities found here, ${elsewhere} for others`;
  return `${place}: ${signed}, ${identity}: ${said}`;
}
