import cvssCalculator from 'ae-cvss-calculator';
import { compareSeverities, type SeverityLevel, type StatedSeverity } from './advisory.ts';

/** A CVSS vector and its base score. */
export interface CvssScore {
  readonly source: string;
  readonly version: '2.0' | '3.0' | '3.1' | '4.0';
  readonly vector: string;
  readonly score: number;
}

/** Severity as the report has it: the level that counts, who said it, and all that was said. */
export interface Severity {
  readonly level: SeverityLevel;
  readonly source: string | null;
  /** Sorted; levels of vectors are computed. */
  readonly stated: readonly { readonly source: string; readonly level: SeverityLevel; readonly text: string | null }[];
  readonly cvss: readonly CvssScore[];
}

/** After the vendor of the package: a reviewed database, the databases of one language, NVD; then whoever else spoke. */
const COMMON_ORDER = ['malicious-packages', 'ghsa', 'go', 'pypa', 'rustsec', 'nvd'];

/** The start of a namespace to the name its vendor speaks under. */
const VENDORS: readonly (readonly [start: string, vendor: string])[] = [
  ['Debian', 'debian'],
  ['Ubuntu', 'ubuntu'],
  ['Alpine', 'alpine'],
  ['Wolfi', 'chainguard'],
  ['Chainguard', 'chainguard'],
  ['Red Hat', 'redhat'],
  ['AlmaLinux', 'almalinux'],
  ['Rocky Linux', 'rocky'],
  ['Oracle Linux', 'oracle'],
  ['Amazon Linux', 'amazon'],
  ['SUSE', 'suse'],
  ['openSUSE', 'suse'],
  ['openEuler', 'openeuler'],
  ['Photon OS', 'photon'],
  ['Azure Linux', 'azure'],
  ['Bitnami', 'bitnami'],
];

/** Computes severities; remembers vectors, which repeat. */
export class SeverityJudge {
  readonly #first: readonly string[];
  readonly #scores = new Map<string, Omit<CvssScore, 'source'> | null>();

  /** `first`: sources that go before the usual order (vendor, GitHub, the language's database, NVD). */
  constructor(first: readonly string[] = []) {
    this.#first = first;
  }

  /** `namespace` is that of the package. The first source in the order that states a level decides. */
  judge(statements: readonly StatedSeverity[], namespace: string): Severity {
    const vendor = VENDORS.find(([start]) => namespace.startsWith(start))?.[1];
    const order = [...this.#first, ...(vendor === undefined ? [] : [vendor]), ...COMMON_ORDER];
    const place = (source: string): number => {
      const at = order.indexOf(source);
      return at < 0 ? order.length : at;
    };
    const cvss = new Map<string, CvssScore>();
    const stated = new Map<string, Severity['stated'][number]>();
    for (const { source, level, text, vector } of statements) {
      const score = vector === null ? null : this.scoreOf(vector);
      if (score !== null) cvss.set(`${source}\0${score.vector}`, { source, ...score });
      const meant = level === 'unknown' && score !== null ? levelOf(score) : level;
      stated.set(`${source}\0${meant}\0${text ?? ''}`, { source, level: meant, text });
    }
    // A vendor's word goes before a level computed from a vector; newer CVSS before older.
    const deciding = statements
      .map((each) => {
        const score = each.vector === null ? null : this.scoreOf(each.vector);
        const level = each.level !== 'unknown' ? each.level : score === null ? 'unknown' : levelOf(score);
        const strength = each.level !== 'unknown' ? 5 : score === null ? 0 : Number(score.version);
        return { source: each.source, level, strength };
      })
      .filter(({ level }) => level !== 'unknown')
      .sort(
        (a, b) =>
          place(a.source) - place(b.source) ||
          compareTexts(a.source, b.source) ||
          b.strength - a.strength ||
          compareSeverities(a.level, b.level),
      )[0];
    return {
      level: deciding?.level ?? 'unknown',
      source: deciding?.source ?? null,
      stated: sortedValues(stated),
      cvss: sortedValues(cvss),
    };
  }

  /** Null for what is no whole CVSS vector. */
  scoreOf(vector: string): Omit<CvssScore, 'source'> | null {
    let score = this.#scores.get(vector);
    if (score === undefined) {
      score = computeScore(vector);
      this.#scores.set(vector, score);
    }
    return score;
  }
}

function computeScore(vector: string): Omit<CvssScore, 'source'> | null {
  const version = /^CVSS:(3\.0|3\.1|4\.0)\//.exec(vector)?.[1] ?? (/^\(?AV:[LAN]\//.test(vector) ? '2.0' : null);
  if (version === null || vector.length > 512) return null;
  try {
    const scores = cvssCalculator
      .fromVector(version === '2.0' ? vector.replace(/^\(|\)$/g, '') : vector)
      ?.calculateScores(false);
    // The base score, as the temporal and environmental metrics are those of somebody else's place and day.
    const score = scores?.base;
    if (typeof score !== 'number' || Number.isNaN(score)) return null;
    return { version: version as CvssScore['version'], vector, score };
  } catch {
    // The library raises on metrics that it does not know: then it is no vector of this version.
    return null;
  }
}

/** Qualitative ratings: CVSS 3.1, section 5, and 4.0, section 6; NVD's of version 2. */
function levelOf({ version, score }: Omit<CvssScore, 'source'>): SeverityLevel {
  if (version === '2.0') return score >= 7 ? 'high' : score >= 4 ? 'medium' : 'low';
  if (score === 0) return 'none';
  return score >= 9 ? 'critical' : score >= 7 ? 'high' : score >= 4 ? 'medium' : 'low';
}

function sortedValues<Value>(map: ReadonlyMap<string, Value>): Value[] {
  return [...map].sort(([a], [b]) => compareTexts(a, b)).map(([, value]) => value);
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
