import type { Ecosystem } from '../ecosystem.ts';
import { isProgram } from '../elf-spans.ts';
import { AuditExtractor } from './audit-extractor.ts';
import { readAuditList } from './audit-list.ts';
import { compare } from './version.ts';

/** Programs in ELF that were built with cargo-auditable. Others say nothing of what they are made of. */
export const rust: Ecosystem = {
  id: 'rust',
  version: 1,
  roots: [],
  wants: (entry, head) => (isProgram(entry, head) ? 'extract' : 'no'),
  extract: (_entry, { limits }) => new AuditExtractor(limits),
  readDatabase: (files, context) => ({ units: files.map((file) => readAuditList(file, context)) }),
  compare,
};
