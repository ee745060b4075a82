import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import AjvDraft4 from 'ajv-draft-04';
import addFormats from 'ajv-formats';

/** The JSON schema of SARIF 2.1.0 as @microsoft/jest-sarif ships it (MIT), pinned by SHA-256. */
const SCHEMA = join(
  dirname(createRequire(import.meta.url).resolve('@microsoft/jest-sarif/package.json')),
  'lib/schemas/sarif-2.1.0-rtm.5.json',
);
const PINNED = '2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8';

/** Answers with the faults of a document; none where it is valid. */
export function sarifValidator(): (document: unknown) => readonly string[] {
  const bytes = readFileSync(SCHEMA);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== PINNED) throw new Error(`the schema of SARIF is another than was pinned: sha256 ${digest}`);
  // One of its patterns is none with the flag `u`.
  const ajv = new AjvDraft4.default({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv as never);
  const validate = ajv.compile(JSON.parse(bytes.toString()));
  return (document) => {
    validate(document);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}
