import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../services/domain/report/report.ts';
import { type ListedFile, listFiles } from '../../services/pipeline/list-files.ts';
import { scanTarget } from '../../services/pipeline/scan-target.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from './repository.ts';
import { type ScanChanges, wired } from './scan.ts';

/** Real images and the lists that stand beside them. */

/** One report for each image: several only with `platform: 'all'`. */
export async function scanFixture(target: string, changes: ScanChanges = {}): Promise<readonly Report[]> {
  const document = await scanTarget(...wired(target, changes));
  return 'reports' in document ? document.reports : [document];
}

/** The merged file system, with full inventory. */
export async function filesOfFixture(target: string, changes: ScanChanges = {}): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = [];
  const [request, dependencies] = wired(target, { fullInventory: true, ...changes });
  await listFiles(request, dependencies, (file) => files.push(file));
  return files;
}

/** One real image and the lists that stand beside it. */
export interface ImageFixture {
  readonly name: string;
  /** As the command line takes it. */
  readonly target: string;
  /** Rows of one of its expected-*.tsv without the head line; null where there is none. */
  readonly expected: (list: 'files' | 'apk' | 'dpkg' | 'rpm') => readonly (readonly string[])[] | null;
  readonly file: (name: string) => string;
}

const IMAGES = join(SHARED_DATA, 'fixtures/images');

export const IMAGE_FIXTURES: readonly ImageFixture[] = HAS_SHARED_DATA ? readdirSync(IMAGES).map(imageFixture) : [];

function imageFixture(name: string): ImageFixture {
  const folder = join(IMAGES, name);
  const archive = readdirSync(folder).find((file) => /\.tar(?:\.gz)?$/.test(file))!;
  const file = (base: string): string => readFileSync(join(folder, base), 'utf8');
  return {
    name,
    target: join(folder, archive),
    file,
    expected: (list) => {
      const base = `expected-${list}.tsv`;
      if (!existsSync(join(folder, base))) return null;
      const rows = file(base).split('\n').slice(1);
      return rows.filter((row) => row !== '').map((row) => row.split('\t'));
    },
  };
}
