import type { RecordLine } from './backlog.ts';
import type { Severity } from './severity.ts';

/** RFC 5424, section 6.2.1: 13 is "log audit". */
const FACILITY = 13;
const LEVELS: Readonly<Record<Severity, number>> = { high: 2, medium: 4, low: 6 };

/**
 * A line as a message of syslog (RFC 5424): the time to the microsecond, which is all that it has room for, the kind as MSGID, and
 * the JSON as it is. `host`: printable ASCII without spaces, else `-`.
 */
export function syslogMessage({ text, severity, time, kind }: RecordLine, host: string, processId: number): string {
  const moment = time.replace(/(\.\d{6})\d*Z$/, '$1Z');
  const name = /^[\x21-\x7e]{1,255}$/.test(host) ? host : '-';
  return `<${FACILITY * 8 + LEVELS[severity]}>1 ${moment} ${name} plimsoll-agent ${processId} ${kind} - ${text}`;
}
