import {
  type Analyzer,
  EMPTY_UNIT,
  type EntryFacts,
  type FileExtractor,
  type ReadContext,
} from '../packages/ecosystem.ts';
import { HeldFile } from '../packages/held-file.ts';
import { sbomName } from './sbom-names.ts';
import { type SbomOutline, sbomOutline } from './sbom-outline.ts';

/** The analyzer of what they say; by its name, as it is loaded where somebody asks for it. */
export const SBOM_CONTENTS_ID = 'sbom-contents';

/** What nothing is known of but its name. */
const NAMELESS: SbomOutline = { format: null, specVersion: null, entries: null };

/**
 * SBOMs that lie in images and installed systems: which there are, and what they call themselves. Whether what they say is
 * true nobody knows, so that it is read where the user asks for it only (sbom-contents.ts).
 */
export const foundSboms: Analyzer = {
  id: 'sbom',
  version: 1,
  roots: [],
  perFile: true,
  wants: ({ path }) => (sbomName(path) === null ? 'no' : 'extract'),
  extract: (entry, context) => new OutlineExtractor(entry, context),
  readDatabase: (files) => ({
    units: files.map(({ path, bytes }) => ({ ...EMPTY_UNIT, path, text: new TextDecoder().decode(bytes) })),
  }),
};

/** What `foundSboms` said of one file. */
export function parseOutline(text: string): SbomOutline {
  return JSON.parse(text) as SbomOutline;
}

/** Of a file that is longer than what describes packages may be, the beginning tells. */
class OutlineExtractor implements FileExtractor {
  readonly #entry: EntryFacts;
  readonly #context: ReadContext;
  readonly #file: HeldFile;

  constructor(entry: EntryFacts, context: ReadContext) {
    this.#entry = entry;
    this.#context = context;
    const most = context.limits.packageFileBytes;
    this.#file = new HeldFile(Math.min(entry.size, most), most);
  }

  push(piece: Uint8Array): void {
    this.#file.push(piece);
  }

  finish(): Uint8Array | null {
    const { path, size } = this.#entry;
    const { limits } = this.#context;
    const bytes = this.#file.take() ?? new Uint8Array(0);
    const outline = sbomOutline(bytes, size <= limits.packageFileBytes, limits);
    if (outline === null && sbomName(path) !== 'sure') return null;
    return new TextEncoder().encode(JSON.stringify(outline ?? NAMELESS));
  }
}
