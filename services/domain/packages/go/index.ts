import { baseOf, decodePath } from '../../layers/path.ts';
import { type DatabaseFile, type DatabaseUnit, type Ecosystem, EMPTY_UNIT, type ReadContext } from '../ecosystem.ts';
import { isElfProgram } from '../elf-segments.ts';
import { UnitGaps } from '../unit-gaps.ts';
import { parseModules } from './build-info.ts';
import { blobTexts } from './build-info-blob.ts';
import { BuildInfoExtractor, UPX_MARK } from './build-info-extractor.ts';
import { packagesOf } from './packages.ts';
import { compare } from './version.ts';

/** No program of Go's is smaller. */
const LEAST_BYTES = 4_096;

/** Programs and shared objects, by what they are called or may do; whether they are ELF says the content. */
function isCandidate(path: string, mode: number): boolean {
  const base = baseOf(path);
  return (mode & 0o111) !== 0 || !base.includes('.') || /\.so(?:\.|$)/.test(base);
}

function readProgram({ path, bytes }: DatabaseFile, { limits }: ReadContext): DatabaseUnit {
  const gaps = new UnitGaps();
  const unit = { ...EMPTY_UNIT, path, isDatabase: true };
  if (UPX_MARK.every((byte, i) => bytes[i] === byte)) {
    gaps.add('package-file-unparsable', 'a program packed with UPX: what it was built from cannot be seen');
    return { ...unit, gaps: gaps.all() };
  }
  const texts = blobTexts(bytes, limits);
  if ('flaw' in texts) {
    gaps.add('package-file-unparsable', `a Go program: ${texts.flaw}`);
    return { ...unit, gaps: gaps.all() };
  }
  const info = parseModules(decodePath(texts.modules), limits.packages, gaps);
  const packages = packagesOf(decodePath(texts.version), info, gaps);
  return { ...unit, packages, gaps: gaps.all() };
}

/** Programs in ELF that Go 1.13 or later built, stripped ones too. */
export const go: Ecosystem = {
  id: 'go',
  version: 1,
  roots: [],
  wants({ path, type, mode, size }, head) {
    if (type !== 'file' || size < LEAST_BYTES || !isCandidate(path, mode)) return 'no';
    return isElfProgram(head()) ? 'extract' : 'no';
  },
  extract: (_entry, { limits }) => new BuildInfoExtractor(limits),
  readDatabase: (files, context) => ({ units: files.map((file) => readProgram(file, context)) }),
  compare,
};
