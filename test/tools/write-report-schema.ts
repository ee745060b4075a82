// Writes schema/report-v1.schema.json from the zod types (npm run schema).
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { reportDocument } from '../../services/domain/report/report.ts';

export const REPORT_SCHEMA_FILE = fileURLToPath(new URL('../../schema/report-v1.schema.json', import.meta.url));

export function reportSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(reportDocument);
  return { $schema, title: 'Plimsoll report, version 1', ...schema };
}

if (import.meta.main) writeFileSync(REPORT_SCHEMA_FILE, JSON.stringify(reportSchema()));
