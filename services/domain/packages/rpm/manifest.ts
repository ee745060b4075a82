import { LIMITS, type Limits } from '../../limits.ts';
import { type DatabaseFile, type DatabaseUnit, EMPTY_UNIT, type PackageRecord } from '../ecosystem.ts';
import { FlawList } from './flaw.ts';
import { budgetOf, evr, sourceOf } from './package.ts';

/** name, version-release, install time, build time, vendor, epoch, size, arch, epoch as number, source rpm. */
const COLUMNS = 10;

/**
 * The list of packages that Azure Linux (CBL-Mariner) leaves in images without an rpm database: a query of rpm, one
 * package a line, tabs between columns (azurelinux, toolkit/docs/how_it_works/5_misc.md, "RPM manifest file").
 */
export function readManifest(
  file: DatabaseFile,
  limits: Pick<Limits, 'packages' | 'listedFlaws'> = LIMITS,
): DatabaseUnit {
  const flaws = new FlawList(limits.listedFlaws);
  const records = budgetOf('packages', limits.packages, flaws.report);
  const packages: PackageRecord[] = [];
  const lines = new TextDecoder().decode(file.bytes).split('\n');
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    if (!records.take(1)) break;
    const record = recordOf(line);
    if (record === null) flaws.report(`line ${index + 1} of the rpm manifest does not describe a package`);
    else if (record.name !== 'gpg-pubkey') packages.push(record);
  }
  if (file.bytes.length === 0) flaws.report('the rpm manifest is an empty file');
  return { ...EMPTY_UNIT, path: file.path, isDatabase: true, packages, gaps: flaws.gaps() };
}

function recordOf(line: string): PackageRecord | null {
  const columns = line.split('\t', COLUMNS + 1);
  const [name, versionRelease, , , vendor, epochText, , arch, , sourceRpm] = columns.map(known);
  const match = /^([^-]+)-([^-]+)$/.exec(versionRelease ?? '');
  if (columns.length !== COLUMNS || !name || match === null) return null;
  const epoch = epochText === null ? null : Number(epochText);
  if (epoch !== null && !Number.isInteger(epoch)) return null;
  return {
    type: 'rpm',
    name,
    version: evr(epoch, match[1]!, match[2]!),
    arch: arch ?? null,
    source: sourceOf(sourceRpm ?? null),
    epoch,
    modularity: null,
    origin: null,
    vendor: vendor ?? null,
    licenses: [],
    dependsOn: [],
    provides: [],
  };
}

/** rpm prints '(none)' for a tag that the header lacks. */
function known(column: string): string | null {
  return column === '(none)' || column === '' ? null : column;
}
