import { decodePath } from '../../layers/path.ts';
import { type DatabaseFile, type DatabaseUnit, type Ecosystem, EMPTY_UNIT, type ReadContext } from '../ecosystem.ts';
import { isProgram } from '../elf-spans.ts';
import { UnitGaps } from '../unit-gaps.ts';
import { parseModules } from './build-info.ts';
import { blobTexts } from './build-info-blob.ts';
import { BuildInfoExtractor, UPX_MARK } from './build-info-extractor.ts';
import { packagesOf } from './packages.ts';
import { compare } from './version.ts';

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
  wants: (entry, head) => (isProgram(entry, head) ? 'extract' : 'no'),
  extract: (_entry, { limits }) => new BuildInfoExtractor(limits),
  readDatabase: (files, context) => ({ units: files.map((file) => readProgram(file, context)) }),
  compare,
};
