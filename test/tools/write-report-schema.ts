// Writes the JSON Schemas from the zod types (npm run schema).
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { reportDocument } from '../../services/domain/report/report.ts';
import { profileDocument } from '../../services/domain/runtime/profile.ts';
import { policyInput } from '../../services/domain/verdict/policy-input.ts';
import { settings } from '../../services/domain/verdict/settings.ts';
import { exceptionsFile } from '../../services/domain/vulnerabilities/exceptions.ts';

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const REPORT_SCHEMA_FILE = inRepository('schema/report-v1.schema.json');

export function reportSchema(): object {
  return titled('Plimsoll report, version 1', reportDocument);
}

/** Every committed schema: its file, and what belongs in it. */
export const SCHEMAS: readonly (readonly [file: string, schema: () => object])[] = [
  [REPORT_SCHEMA_FILE, reportSchema],
  [inRepository('policies/input.schema.json'), () => titled('What Plimsoll policies see as input', policyInput)],
  [inRepository('schema/settings-v1.schema.json'), () => titled('Plimsoll settings, version 1', settings, 'input')],
  [
    inRepository('schema/profile-v1.schema.json'),
    () => titled('Plimsoll profile, version 1', profileDocument, 'input'),
  ],
  [
    inRepository('schema/exceptions-v1.schema.json'),
    () => titled('Plimsoll exceptions, version 1', exceptionsFile, 'input'),
  ],
];

function titled(title: string, type: z.ZodType, io: 'input' | 'output' = 'output'): object {
  const { $schema, ...schema } = z.toJSONSchema(type, { io });
  return { $schema, title, ...schema };
}

if (import.meta.main) for (const [file, schema] of SCHEMAS) writeFileSync(file, JSON.stringify(schema()));
