import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ReportPackage } from '../../services/domain/report/report.ts';
import { REPOSITORY, SHARED_DATA } from './repository.ts';
import { samplePackage } from './sample-report.ts';

/*
 * Vulnerabilities of packages in real images, labelled by hand as there or not there (anchore/vulnerability-match-labels).
 * Labels name an image, a package and a version, and nothing else; what a scan would know besides (the distribution, what
 * kind of package it is, its source package, who owns its files) stands in the reviewed tables of test/golden/match-labels.
 */

const TABLES = join(REPOSITORY, 'test/golden/match-labels');

/** One vulnerability of one package, whatever number of labels speak of it. */
export interface LabelledVulnerability {
  /** First twelve digits of the image's digest. */
  readonly image: string;
  readonly package: string;
  readonly version: string;
  /** Every id by which the labels call it. */
  readonly ids: ReadonlySet<string>;
  /** `contradictory`: labelled both true and false. `open`: no verdict. */
  readonly label: 'true' | 'false' | 'contradictory' | 'open';
  /** How many rows of the file it is. */
  readonly rows: number;
}

/** An image of the labels, judged by its distribution's advisories, or by those of another that rebuilds the same. */
export interface LabelledImage {
  readonly image: string;
  readonly os: { readonly id: string; readonly versionId: string } | null;
  /** The namespace whose advisories are taken for those of Red Hat (AlmaLinux publishes what Red Hat's sample here lacks). */
  readonly standIn: string | null;
  readonly packages: readonly ReportPackage[];
  readonly labels: readonly PackageLabel[];
}

export interface PackageLabel extends LabelledVulnerability {
  readonly packageId: string;
  /** The package of the distribution that owns its files and is judged in its place. */
  readonly ownerId: string | null;
}

/** Rows of a table by the names of its columns; `-` is an empty cell. */
export function readTable<Column extends string>(file: string): Readonly<Record<Column, string>>[] {
  const [head = '', ...lines] = readFileSync(join(TABLES, file), 'utf8').split('\n');
  const columns = head.split('\t');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const cells = line.split('\t');
      if (cells.length !== columns.length) throw new Error(`${file}: ${columns.length} cells are needed: ${line}`);
      const row = columns.map((column, i) => [column, cells[i] === '-' ? '' : cells[i]!]);
      return Object.fromEntries(row) as Record<Column, string>;
    });
}

export function readLabels(): LabelledVulnerability[] {
  const bytes = gunzipSync(readFileSync(join(SHARED_DATA, 'fixtures/match-labels/labels.tsv.gz')));
  const rows = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [reference = '', word = '', name = '', version = '', id = '', effective = ''] = line.split('\t');
      const image = /@sha256:([0-9a-f]{12})/.exec(reference)![1]!;
      return { image, word, name, version, ids: [id, effective === '' ? id : effective] };
    });
  const key = ({ image, name, version, ids }: (typeof rows)[number]) => [image, name, version, ids[1]].join('\t');
  return [...Map.groupBy(rows, key).values()].map((same) => {
    const { image, name, version } = same[0]!;
    const words = new Set(same.map(({ word }) => word));
    const verdict = words.has('FP') ? 'false' : 'open';
    const label = words.has('TP') ? (words.has('FP') ? 'contradictory' : 'true') : verdict;
    const ids = new Set(same.flatMap((row) => row.ids));
    return { image, package: name, version, ids, label, rows: same.length };
  });
}

type ImageRow = Readonly<Record<'image' | 'os' | 'version' | 'language' | 'rebuild' | 'evidence', string>>;
type BinaryRow = Readonly<Record<'type' | 'package' | 'source' | 'stream' | 'epoch', string>>;
type LanguageRow = Readonly<Record<'image' | 'package' | 'type' | 'name' | 'owner', string>>;

/** Every image of the labels, and once more each that a rebuild of its distribution can judge. */
export function labelledImages(): LabelledImage[] {
  const rows = readTable<keyof ImageRow>('images.tsv');
  const tables = {
    binaries: readTable<keyof BinaryRow>('binaries.tsv'),
    languages: readTable<keyof LanguageRow>('languages.tsv'),
  };
  const labels = Map.groupBy(readLabels(), ({ image }) => image);
  const unknown = [...labels.keys()].filter((image) => !rows.some((row) => row.image === image));
  if (unknown.length > 0) throw new Error(`images.tsv: no row for ${unknown.join(', ')}`);
  return rows.flatMap((row) => {
    const own = row.os === '' ? null : { id: row.os, versionId: row.version };
    const all = labels.get(row.image) ?? [];
    const images = [labelledImage(row, own, all, tables)];
    if (row.rebuild !== '') {
      const centos = { id: 'centos', versionId: row.rebuild.split(':')[1]! };
      const rebuilt = labelledImage(row, centos, all, tables);
      const types = new Map(rebuilt.packages.map(({ id, type }) => [id, type]));
      const ofDistribution = rebuilt.labels.filter(
        ({ packageId, ownerId }) => ownerId !== null || types.get(packageId) === 'rpm',
      );
      images.push({ ...rebuilt, standIn: row.rebuild, labels: ofDistribution });
    }
    return images;
  });
}

interface Tables {
  readonly binaries: readonly BinaryRow[];
  readonly languages: readonly LanguageRow[];
}

function labelledImage(
  row: ImageRow,
  os: LabelledImage['os'],
  labels: readonly LabelledVulnerability[],
  tables: Tables,
): LabelledImage {
  const packages = new Map<string, ReportPackage>();
  const add = (item: ReportPackage): ReportPackage => {
    packages.set(item.id, item);
    return item;
  };
  const found = labels
    .filter((label) => label.package !== '')
    .map((label) => {
      const type = typeOfVersion(row.os, label.version, label.package, tables);
      if (type !== null) {
        return {
          ...label,
          packageId: add(binaryPackage(type, label.package, label.version, tables)).id,
          ownerId: null,
        };
      }
      const language = languageOf(row, label.package, tables);
      const [ownerName, ownerVersion] = language.owner.split('@');
      const owner =
        language.owner === '' ? null : add(binaryPackage(formatOf(row.os)!, ownerName!, ownerVersion!, tables));
      const item = samplePackage({
        type: language.type,
        name: language.name === '' ? label.package : language.name,
        // Go's own library is `go1.16.8` in its programs and 1.16.8 everywhere else.
        version: label.version.replace(/^go(?=\d)/, ''),
        arch: null,
        layer: null,
        ownedBy: owner?.id ?? null,
      });
      return { ...label, packageId: add(item).id, ownerId: owner?.id ?? null };
    });
  return { image: row.image, os, standIn: null, packages: [...packages.values()], labels: found };
}

function languageOf(
  { image, language }: ImageRow,
  name: string,
  { languages }: Tables,
): Omit<LanguageRow, 'image' | 'package'> {
  const found =
    languages.find((row) => row.image === image && row.package === name) ??
    languages.find((row) => row.image === '*' && row.package === name && row.type === language);
  return found ?? { type: language === '' ? 'generic' : language, name: '', owner: '' };
}

/** What the packages of a distribution look like by their versions alone. */
const VERSIONS: readonly (readonly [type: 'apk' | 'deb' | 'rpm', os: RegExp, version: RegExp])[] = [
  ['apk', /^(?:alpine|wolfi|chainguard)$/, /-r\d+$/],
  ['deb', /^(?:debian|ubuntu)$/, /-|^\d+:|ubuntu/],
  ['rpm', /^(?:rhel|centos|ol|amzn|mariner)$/, /\.(?:el\d|amzn\d|cm\d)|\.module[+_]/],
  ['rpm', /^sles$/, /-/],
];

function formatOf(os: string): 'apk' | 'deb' | 'rpm' | null {
  return VERSIONS.find(([, id]) => id.test(os))?.[0] ?? null;
}

/** The distribution's type of package; null where it is one of a language. */
function typeOfVersion(os: string, version: string, name: string, { binaries }: Tables): 'apk' | 'deb' | 'rpm' | null {
  const [type, , pattern] = VERSIONS.find(([, id]) => id.test(os)) ?? [];
  if (type === undefined) return null;
  const isNative = type === 'deb' && binaries.some((row) => row.type === 'deb' && row.package === name);
  return isNative || pattern!.test(version) ? type : null;
}

function binaryPackage(
  type: 'apk' | 'deb' | 'rpm',
  name: string,
  version: string,
  { binaries }: Tables,
): ReportPackage {
  const isModular = /\.module[+_]/.test(version);
  const row = binaries.find(
    (each) => each.type === type && matches(each.package, name) && (each.stream === '' || isModular),
  );
  const epoch = /^(\d+):/.exec(version)?.[1] ?? null;
  const sourceVersion = row?.epoch === 'own' ? version.replace(/^\d+:/, '') : null;
  return samplePackage({
    type,
    name,
    version: type === 'rpm' ? version.replace(/^0:/, '') : version,
    arch: 'x86_64',
    layer: null,
    epoch: type === 'rpm' && epoch !== null ? Number(epoch) : null,
    source: row === undefined || row.source === '' ? null : { name: row.source, version: sourceVersion },
    modularity: row === undefined || row.stream === '' ? null : row.stream,
  });
}

/** A pattern of the tables: `*` at its end is any text. */
export function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
