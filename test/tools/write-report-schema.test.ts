import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { SCHEMAS } from './write-report-schema.ts';

test.each(SCHEMAS.map(([file, schema]) => [basename(file), file, schema] as const))(
  '%s is what the types say (else run: npm run schema)',
  (_, file, schema) => expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(schema()),
);
