import { PlimsollError } from '../errors.ts';
import { LIMITS, type Limits } from '../limits.ts';
import type { Report, ReportPackage, Vulnerability } from '../report/report.ts';
import { exceptionFor } from './exception-for.ts';
import type { VulnerabilityException } from './exceptions.ts';
import { parsePurl } from './purl-pattern.ts';
import type { VexDocument, VexProduct, VexStatement } from './vex/document.ts';
import { findingOf, type JudgedVex, nameOf } from './vex/found-vex.ts';
import { isFor } from './vex/product.ts';

/** A VEX document that was given, and the file that it came in. */
export interface GivenVex {
  readonly file: string;
  readonly document: VexDocument;
}

type Target = Report['target'];
type Suppression = NonNullable<Vulnerability['suppressed']>;

/**
 * The report with what exceptions and VEX cover marked as suppressed; no row is taken away. An exception goes before VEX, and VEX that
 * was given before VEX that was found with the image, of which only what is verified is applied. Of several statements on one row
 * the latest counts, also where it says "affected". For each document a finding says how many of its statements were for
 * this target. Raises LIMIT_EXCEEDED.
 */
export function suppress(
  report: Report,
  exceptions: readonly VulnerabilityException[],
  given: readonly GivenVex[],
  judged: readonly JudgedVex[] = [],
  limits: Pick<Limits, 'vexComparisons'> = LIMITS,
): Report {
  const packages = new Map(report.packages.map((item) => [item.id, item]));
  const found = judged.map((each) => ({ each, applied: asApplied(each) }));
  const applied = found.flatMap((each) => each.applied ?? []);
  const budget = { comparisons: limits.vexComparisons };
  const statements = [new Statements(given, budget), new Statements(applied, budget)];
  const used = new Map([...given, ...applied].map((each) => [each, new Set<VexStatement>()]));
  const vulnerabilities = report.vulnerabilities?.map((row) => {
    const item = packages.get(row.packageId);
    const { suppressed: _, ...bare } = row;
    if (item === undefined) return bare;
    const exception = exceptionFor(exceptions, row, item, report.target);
    const stated = statements.reduce<Stated | null>((first, more) => first ?? more.on(row, item, report.target), null);
    if (stated !== null) used.get(stated.given)!.add(stated.statement);
    const suppressed = exception !== null ? byException(exception) : stated === null ? null : byVex(stated);
    return suppressed === null ? bare : { ...bare, suppressed };
  });
  const others = report.findings.filter(({ kind }) => kind !== 'vex');
  const findings = [
    ...others,
    ...given.map((each) => findingOfGiven(each, used.get(each)!)),
    ...found.map(({ each, applied: by }) => findingOf(each, by === null ? 0 : used.get(by)!.size)),
  ];
  return { ...report, ...(vulnerabilities && { vulnerabilities }), findings };
}

/** Null where it is not to be applied. */
function asApplied(judged: JudgedVex): GivenVex | null {
  const { found, signed, identity, document, reason } = judged;
  if (signed !== 'verified' || document === null || reason !== null) return null;
  return { file: `${nameOf(found)}, signed by ${identity}:`, document };
}

function byException({ name, reason, owner, expires }: VulnerabilityException): Suppression {
  return { by: 'exception', status: null, justification: null, reason, owner, source: name, expires };
}

function byVex({ given, statement }: Stated): Suppression | null {
  const { status, justification, reason } = statement;
  if (!isClearing(statement)) return null;
  const { id, author } = given.document;
  const source = [given.file, id ?? []].flat().join(' ');
  return { by: 'vex', status, justification, reason, owner: author, source, expires: null };
}

/** What a document came to: a document for another product changes nothing, and that is said. */
function findingOfGiven({ file, document }: GivenVex, applied: ReadonlySet<VexStatement>): Report['findings'][number] {
  const { format, id, author, statements, flaws } = document;
  const elsewhere = statements.length - applied.size;
  const message =
    applied.size === 0
      ? 'No statement is for a vulnerability and a product of this target: nothing was changed.'
      : `${applied.size} of ${statements.length} statements are for this target.`;
  return {
    kind: 'vex',
    id: id ?? file,
    file,
    format,
    author,
    applied: applied.size,
    elsewhere,
    flaws: [...flaws],
    message,
  };
}

export interface Stated {
  readonly given: GivenVex;
  readonly statement: VexStatement;
}

/** All statements by the names of their vulnerabilities, held against rows within the bound of a report. */
class Statements {
  readonly #byName = new Map<string, Ordered[]>();
  readonly #budget: { comparisons: number };
  readonly #most: number;

  /** The budget is shared by all statements on one report. */
  constructor(given: readonly GivenVex[], budget: { comparisons: number }) {
    this.#budget = budget;
    this.#most = budget.comparisons;
    let order = 0;
    for (const each of given) {
      for (const statement of each.document.statements) {
        const ordered = { given: each, statement, order: order++ };
        for (const name of new Set(statement.vulnerabilities)) {
          const known = this.#byName.get(name);
          if (known === undefined) this.#byName.set(name, [ordered]);
          else known.push(ordered);
        }
      }
    }
  }

  /** The one that counts for a row; null where none is for it. Raises LIMIT_EXCEEDED. */
  on(row: Vulnerability, item: ReportPackage, target: Target): Stated | null {
    const purl = parsePurl(item.purl);
    let counting: Ordered | null = null;
    for (const name of new Set([row.id, ...row.aliases])) {
      for (const each of this.#byName.get(name) ?? []) {
        const { products, status } = each.statement;
        this.#count(products);
        if (!products.some((product) => isFor(product, status, item, purl, target))) continue;
        if (counting === null || goesBefore(each, counting)) counting = each;
      }
    }
    return counting;
  }

  #count(products: readonly VexProduct[]): void {
    for (const { purls, components } of products) {
      this.#budget.comparisons -= 1 + purls.length + (components?.length ?? 0);
    }
    if (this.#budget.comparisons >= 0) return;
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `The VEX documents name more than ${this.#most} products (vexComparisons) for the vulnerabilities of this report. Give those for its packages only.`,
      { details: { limit: 'vexComparisons' } },
    );
  }
}

interface Ordered extends Stated {
  readonly order: number;
}

/** The later one; of equally old ones one that suppresses nothing, then the last. */
function goesBefore(one: Ordered, other: Ordered): boolean {
  const [moment, otherMoment] = [one, other].map(({ statement }) => statement.timestamp ?? '') as [string, string];
  if (moment !== otherMoment) return Date.parse(moment || EVER) > Date.parse(otherMoment || EVER);
  const [clears, otherClears] = [isClearing(one.statement), isClearing(other.statement)];
  return clears === otherClears ? one.order > other.order : otherClears;
}

/** What has no moment is older than all that has one. */
const EVER = '0001-01-01T00:00:00Z';

function isClearing({ status }: VexStatement): boolean {
  return status === 'not_affected' || status === 'fixed';
}
