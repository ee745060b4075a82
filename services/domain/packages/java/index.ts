import {
  type DatabaseFile,
  type DatabaseUnit,
  type Ecosystem,
  EMPTY_UNIT,
  type EntryFacts,
  type FileExtractor,
  type FileList,
  type PackageRecord,
  type ReadContext,
} from '../ecosystem.ts';
import { HeldFile } from '../held-file.ts';
import { languagePackage } from '../package-file.ts';
import { UnitGaps } from '../unit-gaps.ts';
import { type ArchiveFacts, ArchiveReader, isJavaArchive } from './archive.ts';
import { artifactsOf } from './identity.ts';
import { compare } from './version.ts';

/** What is kept of an archive until all of the layer are read: text, so that a thousand archives take little room. */
interface Extract {
  readonly archives: readonly ArchiveFacts[];
  readonly gaps: DatabaseUnit['gaps'];
}

/** Holds one archive, as its directory is at its end, and unpacks it there and then. */
class ArchiveExtractor implements FileExtractor {
  readonly #context: ReadContext;
  readonly #file: HeldFile;

  constructor({ size }: EntryFacts, context: ReadContext) {
    this.#context = context;
    this.#file = new HeldFile(size, context.limits.wantedFileBytes);
  }

  push(piece: Uint8Array): void {
    this.#file.push(piece);
  }

  finish(): Uint8Array {
    const gaps = new UnitGaps();
    const bytes = this.#file.take();
    const { wantedFileBytes: most } = this.#context.limits;
    if (bytes === null) gaps.add('limit-reached', `the file has more than ${most} bytes (wantedFileBytes)`);
    const archives = bytes === null ? [] : new ArchiveReader(this.#context, gaps).read(bytes);
    return new TextEncoder().encode(JSON.stringify({ archives, gaps: gaps.all() } satisfies Extract));
  }
}

function readArchives({ path, bytes }: DatabaseFile): DatabaseUnit {
  const { archives, gaps: found } = JSON.parse(new TextDecoder().decode(bytes)) as Extract;
  const gaps = new UnitGaps();
  const packages = new Map<string, PackageRecord>();
  const fileLists = new Map<string, string[]>();
  for (const facts of archives) {
    for (const { group, name, version, licenses } of artifactsOf(facts, facts.location.at(-1) ?? path, gaps)) {
      const full = `${group}:${name}`;
      const key = `${full}@${version}`;
      if (!packages.has(key)) {
        packages.set(key, languagePackage({ type: 'maven', name: full, version, licenses, dependsOn: [] }));
      }
      if (facts.location.length === 0) continue;
      const paths = fileLists.get(key) ?? [];
      fileLists.set(key, paths);
      paths.push([path, ...facts.location].join('!/'));
    }
  }
  return {
    ...EMPTY_UNIT,
    path,
    isDatabase: true,
    packages: [...packages.values()],
    fileLists: [...fileLists].map(([key, paths]): FileList => ({ package: key, paths })),
    gaps: [...found, ...gaps.all()],
  };
}

/** Archives of Java with all archives in them: `group:artifact` of Maven. */
export const java: Ecosystem = {
  id: 'java',
  version: 2,
  roots: [],
  wants: ({ path, type }) => (type === 'file' && isJavaArchive(path) ? 'extract' : 'no'),
  extract: (entry, context) => new ArchiveExtractor(entry, context),
  readDatabase: (files) => ({ units: files.map(readArchives) }),
  compare,
};
