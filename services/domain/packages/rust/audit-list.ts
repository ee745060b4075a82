import {
  type DatabaseFile,
  type DatabaseUnit,
  EMPTY_UNIT,
  type PackageRecord,
  type ReadContext,
} from '../ecosystem.ts';
import { isObject, languagePackage, type PackageFile, parseJson, stated } from '../package-file.ts';
import { UnitGaps } from '../unit-gaps.ts';

const CRATES_IO = 'crates.io';

interface Crate {
  readonly record: PackageRecord;
  /** Places in the list. */
  readonly needs: readonly unknown[];
}

/**
 * The crates that a program was built from, as cargo-auditable lists them (auditable-serde, VersionInfo), the program's
 * own among them. `kind: "build"` ran when it was built and is not in it: such crates count as development. `origin` is
 * where a crate came from if that is not crates.io (git, local, registry): there its name may be another's.
 * `bytes` is raw DEFLATE; other bytes may follow it.
 */
export function readAuditList({ path, bytes }: DatabaseFile, context: ReadContext): DatabaseUnit {
  const { limits } = context;
  const gaps = new UnitGaps();
  const unit = { ...EMPTY_UNIT, path, isDatabase: true };
  let text: Uint8Array;
  try {
    text = context.inflate(bytes, limits.rustAuditBytes);
  } catch {
    const message = `its list of crates is broken, or longer than ${limits.rustAuditBytes} bytes (rustAuditBytes)`;
    gaps.add('limit-reached', message);
    return { ...unit, gaps: gaps.all() };
  }
  const packages = readCrates({ path, bytes: text, limits, gaps });
  return { ...unit, packages, gaps: gaps.all() };
}

function readCrates(file: PackageFile): PackageRecord[] {
  const content = parseJson(file);
  if (content === null) return [];
  if (!Array.isArray(content.packages)) {
    file.gaps.add('package-file-unparsable', 'its list of crates is none');
    return [];
  }
  const crates = content.packages.map((entry: unknown) => readCrate(entry, file));
  // A name may be long, and a million crates may need it.
  let left = file.limits.packageFileBytes;
  return crates.flatMap((crate) => {
    if (crate === null) return [];
    const dependsOn: string[] = [];
    for (const index of new Set(crate.needs)) {
      const needed = typeof index === 'number' ? crates[index] : null;
      if (needed == null) continue;
      const { name, version } = needed.record;
      left -= name.length + version.length + 1;
      if (left < 0) {
        const { packageFileBytes: most } = file.limits;
        file.gaps.add('limit-reached', `its dependencies take more than ${most} bytes (packageFileBytes)`);
        break;
      }
      dependsOn.push(`${name}@${version}`);
    }
    return [{ ...crate.record, dependsOn }];
  });
}

function readCrate(entry: unknown, file: PackageFile): Crate | null {
  const fields = isObject(entry) ? entry : {};
  const name = stated(fields.name, file);
  const version = stated(fields.version, file);
  if (name === null || version === null) {
    file.gaps.add('package-record-invalid', 'a crate states no name or no version');
    return null;
  }
  const source = stated(fields.source, file);
  const record = languagePackage({
    type: 'cargo',
    name,
    version,
    origin: source === CRATES_IO ? null : source,
    licenses: [],
    dependsOn: [],
    ...(fields.kind === 'build' && { development: true }),
  });
  return { record, needs: Array.isArray(fields.dependencies) ? fields.dependencies : [] };
}
