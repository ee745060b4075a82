import { expect, test } from 'vitest';
import { syslogMessage } from './syslog.ts';

const line = { text: '{"a":1}', severity: 'high', time: '2026-11-30T12:00:00.123456789Z', kind: 'exec' } as const;

test('a message has the parts of RFC 5424, and a time to the microsecond', () => {
  expect(syslogMessage(line, 'node-1', 77)).toBe(
    '<106>1 2026-11-30T12:00:00.123456Z node-1 plimsoll-agent 77 exec - {"a":1}',
  );
  expect(syslogMessage({ ...line, severity: 'medium' }, 'a b', 1)).toMatch(/^<108>1 \S+ - plimsoll-agent 1 /);
  expect(syslogMessage({ ...line, severity: 'low' }, '', 1)).toMatch(/^<110>1 \S+ - /);
});
