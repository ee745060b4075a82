import { namespacesOf } from '../../services/domain/vulnerabilities/namespace.ts';
import { normalName } from '../../services/domain/vulnerabilities/package-name.ts';
import type { AdvisoryDatabase } from '../../services/pipeline/advisory-ports.ts';
import { type LabelledImage, matches, type PackageLabel, readTable } from './match-labels.ts';
import { matchPackages } from './match-packages.ts';

/** A label, and what became of it. */
export interface JudgedLabel extends PackageLabel {
  /** The registry whose advisories judge the package: `Debian`, `npm`, … */
  readonly ecosystem: string;
  readonly reported: boolean;
  /** Some record of the namespace bears one of the ids: of what none does, the data cannot know. */
  readonly knowable: boolean;
  /** … and names the package too. */
  readonly named: boolean;
}

/** `known`: namespace and id, with a tab between, of every record. */
export function judgeLabels(
  images: readonly LabelledImage[],
  database: AdvisoryDatabase,
  known: ReadonlySet<string>,
): JudgedLabel[] {
  return images.flatMap(({ os, standIn, packages, labels }) => {
    const stored = (namespace: string) => (standIn !== null && namespace.startsWith('Red Hat:') ? standIn : namespace);
    const report = matchPackages(packages, os, {
      lookup: (namespace, name) => database.lookup(stored(namespace), name),
      enrichment: (cve) => database.enrichment(cve),
      describe: () => database.describe(),
    });
    const items = new Map(report.packages.map((item) => [item.id, item]));
    return labels.map((label): JudgedLabel => {
      const judge = items.get(label.ownerId ?? label.packageId)!;
      const namespaces = namespacesOf(judge, report.image).names.map(stored);
      const isOne = (names: readonly string[]) => names.some((name) => label.ids.has(name));
      // What is labelled false of a package is not true of it because the owner of its files has it.
      const answerable = label.label === 'false' ? [label.packageId] : [label.packageId, label.ownerId];
      const names = [judge.name, judge.source?.name ?? judge.name];
      return {
        ...label,
        ecosystem: namespaces[0]!.split(':')[0]!,
        reported: report.vulnerabilities!.some(
          ({ packageId, id, aliases }) => answerable.includes(packageId) && isOne([id, ...aliases]),
        ),
        knowable: namespaces.some((namespace) => [...label.ids].some((id) => known.has(`${namespace}\t${id}`))),
        named: namespaces.some((namespace) =>
          names.some((name) =>
            database
              .lookup(namespace, normalName(namespace, name))
              .some(({ id, aliases, withdrawn }) => withdrawn === null && isOne([id, ...aliases])),
          ),
        ),
      };
    });
  });
}

/** Precision and recall of each ecosystem of which the data know anything, and what they are made of, as floor.tsv has them. */
export function ratiosOf(judged: readonly JudgedLabel[]): Record<string, string>[] {
  const rows = [...Map.groupBy(judged, ({ ecosystem }) => ecosystem)].map(([ecosystem, labels]) => {
    const count = (wanted: (label: JudgedLabel) => boolean) => labels.filter(wanted).length;
    const right = count(({ label, reported }) => label === 'true' && reported);
    const wrong = count(({ label, reported }) => label === 'false' && reported);
    const knowable = count(({ label, knowable }) => label === 'true' && knowable);
    const named = count(({ label, named }) => label === 'true' && named);
    return {
      ecosystem,
      precision: percent(right, right + wrong),
      recall: percent(
        count(({ label, reported, knowable }) => label === 'true' && reported && knowable),
        knowable,
      ),
      'recall-of-named': percent(
        count(({ label, reported, named }) => label === 'true' && reported && named),
        named,
      ),
      'true-reported': String(right),
      'false-reported': String(wrong),
      'true-knowable': String(knowable),
      'true-unknown-to-data': String(count(({ label, knowable }) => label === 'true' && !knowable)),
      'false-not-reported': String(count(({ label, reported }) => label === 'false' && !reported)),
      'no-verdict': String(count(({ label }) => label === 'open' || label === 'contradictory')),
    };
  });
  return rows
    .filter((row) => row['true-reported'] !== '0' || row['true-knowable'] !== '0')
    .sort((a, b) => (a.ecosystem < b.ecosystem ? -1 : 1));
}

/** Rounded down, so that 100.0 is all. */
function percent(part: number, whole: number): string {
  return whole === 0 ? '' : (Math.floor((part / whole) * 1000) / 10).toFixed(1);
}

/** One line for each label that no row of a reviewed table explains, and for each row that explains none. */
export function unreviewed(labels: readonly JudgedLabel[], file: string): string[] {
  const rows = readTable<'ecosystem' | 'image' | 'package' | 'vulnerability' | 'reason'>(file);
  const used = new Set<(typeof rows)[number]>();
  const open = labels.filter((label) => {
    const row = rows.find(
      (each) =>
        each.ecosystem === label.ecosystem &&
        matches(each.image, label.image) &&
        matches(each.package, `${label.package}@${label.version}`) &&
        [...label.ids].some((id) => matches(each.vulnerability, id)),
    );
    if (row !== undefined) used.add(row);
    return row === undefined;
  });
  return [
    ...open.map((label) => {
      const cells = [label.ecosystem, label.image, `${label.package}@${label.version}`, [...label.ids].join()];
      return `unlisted: ${cells.join('\t')}`;
    }),
    ...rows.filter((row) => !used.has(row)).map((row) => `unused: ${Object.values(row).join('\t')}`),
  ];
}
