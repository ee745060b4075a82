import type { ZodError } from 'zod';
import { quote } from '../packages/unit-gaps.ts';

/** What of a value is not as its schema wants it, for a message. */
export function firstIssue({ issues }: ZodError): string {
  const [issue] = issues;
  return issue === undefined ? 'invalid' : `${quote(issue.path.join('.'))}: ${issue.message}`;
}
