import type { Limits } from '../limits.ts';
import {
  type Analyzer,
  EMPTY_UNIT,
  type EntryFacts,
  type FileExtractor,
  type ReadContext,
} from '../packages/ecosystem.ts';
import { HeldFile } from '../packages/held-file.ts';
import { UnitGaps } from '../packages/unit-gaps.ts';
import { SBOM_CONTENTS_ID } from './found-sboms.ts';
import { readSbom } from './read-sbom.ts';
import { sbomName } from './sbom-names.ts';
import { sbomOutline } from './sbom-outline.ts';
import { type SbomUnit, unusedSbom, usedSbom } from './used-sbom.ts';

/**
 * What SBOMs in images and installed systems say, where the user asks for it. They are read where layers are, so that the
 * deadlines of layers and of the scan hold for them. What cannot be read is a blocking gap: it was asked for.
 */
export const sbomContents: Analyzer = {
  id: SBOM_CONTENTS_ID,
  version: 1,
  roots: [],
  perFile: true,
  wants: ({ path }) => (sbomName(path) === null ? 'no' : 'extract'),
  extract: (entry, context) => new ContentsExtractor(entry, context),
  readDatabase: (files) => ({
    units: files.map(({ path, bytes }) => {
      const said = JSON.parse(new TextDecoder().decode(bytes)) as SbomUnit;
      return { ...EMPTY_UNIT, path, isDatabase: true, ...said };
    }),
  }),
};

class ContentsExtractor implements FileExtractor {
  readonly #entry: EntryFacts;
  readonly #context: ReadContext;
  readonly #file: HeldFile;
  readonly #head: HeldFile;

  constructor(entry: EntryFacts, context: ReadContext) {
    this.#entry = entry;
    this.#context = context;
    const { sbomBytes, packageFileBytes } = context.limits;
    this.#file = new HeldFile(entry.size, sbomBytes);
    // Of what is too long the beginning still tells whether it is an SBOM at all.
    this.#head = new HeldFile(entry.size > sbomBytes ? Math.min(packageFileBytes, sbomBytes) : 0, sbomBytes);
  }

  push(piece: Uint8Array): void {
    this.#file.push(piece);
    this.#head.push(piece);
  }

  finish(): Uint8Array | null {
    const { limits } = this.#context;
    const { path } = this.#entry;
    const head = this.#head.take() ?? new Uint8Array(0);
    const bytes = this.#file.take();
    const isSbom = sbomName(path) === 'sure' || sbomOutline(bytes ?? head, bytes !== null, limits) !== null;
    if (!isSbom && !(bytes !== null && isBrokenJson(path, bytes))) return null;
    return new TextEncoder().encode(JSON.stringify(bytes === null ? tooLong(limits) : sbomUnit(path, bytes, limits)));
  }
}

/** What is whole and no SBOM is something else; of what is broken nobody can tell. */
function isBrokenJson(path: string, bytes: Uint8Array): boolean {
  if (!/\.json$/i.test(path)) return false;
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return false;
  } catch {
    return true;
  }
}

function tooLong({ sbomBytes }: Limits): SbomUnit {
  const gaps = new UnitGaps();
  gaps.add('limit-reached', `the SBOM has more than the ${sbomBytes} bytes that are read of one (sbomBytes)`);
  return { packages: [], gaps: gaps.all(), text: null };
}

function sbomUnit(path: string, bytes: Uint8Array, limits: Limits): SbomUnit {
  try {
    return usedSbom(readSbom(path, bytes, limits));
  } catch (error) {
    return unusedSbom(error);
  }
}
