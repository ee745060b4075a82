import picocolors from 'picocolors';
import type { Admission, AdmissionViolation } from '../domain/admission/admission.ts';
import type { AdmissionRequest } from '../domain/admission/admission-request.ts';
import type { Manifest } from '../domain/admission/manifests.ts';
import { printable, wrap } from './printable.ts';
import { counted } from './wording.ts';

export interface JudgedManifest {
  readonly manifest: Manifest;
  readonly request: AdmissionRequest;
  readonly admission: Admission;
}

const PROSE_WIDTH = 110;
const MESSAGE_LINES = 6;

/** Every object with what rules say of it, what denies first; then one line that says what it comes to. */
export function renderAdmissions(
  judged: readonly JudgedManifest[],
  exceptionHelp: string,
  width: number,
  colour: boolean,
): string[] {
  const paint = picocolors.createColors(colour);
  const columns = Math.min(width, PROSE_WIDTH) - 4;
  const lines = judged.flatMap(({ manifest, request, admission }) => {
    const [word, tint] = wordOf(admission, paint);
    const named = [request.namespace, request.name ?? '(no name yet)'].filter((part) => part !== null).join('/');
    const title = `${paint.bold(printable(`${request.kind} ${named}`))}: ${tint(word)}  ${paint.dim(printable(manifest.place))}`;
    return [title, ...findingsOf(admission).flatMap(([mark, text]) => indented(mark, text, columns))];
  });
  return [...lines, ...(lines.length > 0 ? [''] : []), ...summary(judged, exceptionHelp, paint)];
}

type Paint = ReturnType<typeof picocolors.createColors>;

function wordOf({ decision, unjudged }: Admission, paint: Paint): [string, (text: string) => string] {
  if (unjudged !== null) return [`not judged, ${unjudged}`, paint.dim];
  if (decision === 'fail') return ['denied', paint.red];
  return decision === 'unknown' ? ['unknown, so it would be denied', paint.yellow] : ['admitted', paint.green];
}

const RANKS: readonly AdmissionViolation['effect'][] = ['denied', 'warned', 'recorded'];

/** x: denied. ?: nobody can tell. !: a warning. -: stands in the record. */
function findingsOf({ violations, unknown, failures }: Admission): [string, string][] {
  const marked = violations
    .toSorted(
      (a, b) => RANKS.indexOf(a.effect) - RANKS.indexOf(b.effect) || (a.rule < b.rule ? -1 : Number(a.rule > b.rule)),
    )
    .map(({ effect, level, rule, message, exempt }): [string, string] => {
      const mark = effect === 'warned' ? '!' : effect === 'recorded' ? '-' : level === 'undecided' ? '?' : 'x';
      const why = exempt === null ? '' : ` (exempt: ${exempt.reason})`;
      return [mark, `${rule}: ${message}${why}`];
    });
  return [...[...unknown, ...failures].map((text): [string, string] => ['?', text]), ...marked];
}

function indented(mark: string, text: string, columns: number): string[] {
  return wrap(printable(text), columns, MESSAGE_LINES).map((line, i) => `  ${i === 0 ? mark : ' '} ${line}`);
}

function summary(judged: readonly JudgedManifest[], exceptionHelp: string, paint: Paint): string[] {
  if (judged.length === 0) return [paint.yellow('There is no object to judge.')];
  const count = (decision: Admission['decision']) =>
    judged.filter(({ admission }) => admission.decision === decision).length;
  const [denied, unknown] = [count('fail'), count('unknown')];
  const parts = [
    denied > 0 ? paint.red(`${denied} denied`) : [],
    unknown > 0 ? paint.yellow(`${unknown} unknown`) : [],
    `${judged.length - denied - unknown} admitted`,
  ];
  const help = denied + unknown > 0 ? [`Exceptions: ${printable(exceptionHelp)}`] : [];
  return [...help, `${paint.bold(counted(judged.length, 'object'))}: ${parts.flat().join(', ')}.`];
}
