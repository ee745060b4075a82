import type { Report } from '../domain/report/report.ts';
import { foundIn } from '../domain/vulnerabilities/vex/found-vex.ts';
import { wholeNumber } from './wording.ts';

/** Further documents are only counted. */
const SHOWN = 5;

/** One text for each VEX document that was given: whether it changed anything, so that nobody takes it for applied. */
export function vexTexts({ findings }: Pick<Report, 'findings'>): string[] {
  const given = findings.filter((finding) => finding.kind === 'vex' && foundIn(finding) === null);
  const texts = given.slice(0, SHOWN).map(({ id, file, message, flaws }) => {
    const count = Array.isArray(flaws) ? flaws.length : 0;
    const misread = count === 0 ? '' : ` Not understood: ${wholeNumber(count)}, see findings in --format json.`;
    return `VEX ${String(file ?? id)}: ${String(message)}${misread}`;
  });
  return given.length > SHOWN ? [...texts, `… and ${wholeNumber(given.length - SHOWN)} more VEX documents.`] : texts;
}
