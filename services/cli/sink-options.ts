import { resolve } from 'node:path';
import { PlimsollError } from '../domain/errors.ts';
import { SEVERITIES, type Severity } from '../domain/runtime/severity.ts';
import { parseByteSize } from './byte-size.ts';

/** As the command line gives them. */
export interface SinkCommandOptions {
  readonly quiet?: boolean;
  readonly file?: string;
  readonly fileSize: string;
  readonly fileCount: string;
  readonly syslog?: string;
  readonly syslogCa?: string;
  readonly webhook?: string;
  readonly webhookSecretFile?: string;
  readonly webhookAllow: readonly string[];
  readonly buffer?: string;
  readonly bufferSize: string;
  readonly severity: string;
}

/** Where the records of the agent go beside standard output. null: not there. */
export interface SinkSettings {
  readonly file: { readonly path: string; readonly mostBytes: number; readonly count: number } | null;
  readonly syslog:
    | { readonly kind: 'socket'; readonly path: string }
    | {
        readonly kind: 'stream';
        readonly host: string;
        readonly port: number;
        readonly tls: boolean;
        readonly caFile: string | null;
      }
    | null;
  readonly webhook: {
    readonly url: URL;
    readonly secretFile: string;
    /** Hosts and networks beyond the public Internet. */
    readonly allow: readonly string[];
    /** Where on disk records wait; null: in memory. */
    readonly buffer: { readonly directory: string; readonly mostBytes: number } | null;
  } | null;
  /** Of syslog and webhook. */
  readonly least: Severity;
}

const LEAST_FILE_BYTES = 64 * 1_024;

/** Raises USAGE. */
export function parseSinkOptions(options: SinkCommandOptions): SinkSettings {
  return {
    file: fileOf(options),
    syslog: syslogOf(options),
    webhook: webhookOf(options),
    least: severityOf(options.severity),
  };
}

function fileOf({ file, fileSize, fileCount }: SinkCommandOptions): SinkSettings['file'] {
  if (file === undefined) return null;
  const mostBytes = parseByteSize(fileSize, '--file-size');
  const count = Number(fileCount);
  if (mostBytes < LEAST_FILE_BYTES) throw usage(`--file-size ${fileSize} is too small: at least 64K`);
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw usage(`--file-count "${fileCount}" is no number from 1 to 1000`);
  return { path: resolve(file), mostBytes, count };
}

function syslogOf({ syslog, syslogCa }: SinkCommandOptions): SinkSettings['syslog'] {
  if (syslog === undefined) return null;
  if (syslog.startsWith('unix:/')) return { kind: 'socket', path: syslog.slice('unix:'.length) };
  const { kind, host, port } =
    /^(?<kind>tcp|tls):\/\/(?<host>\[[0-9a-f:.]+\]|[\w.-]+):(?<port>\d{1,5})$/i.exec(syslog)?.groups ?? {};
  if (host === undefined || Number(port) > 65_535 || Number(port) === 0)
    throw usage(`--syslog "${syslog}" is none of unix:/dev/log, tcp://HOST:PORT, tls://HOST:PORT`);
  const tls = kind!.toLowerCase() === 'tls';
  if (syslogCa !== undefined && !tls) throw usage('--syslog-ca goes with tls:// only');
  return { kind: 'stream', host: host.replace(/^\[|\]$/g, ''), port: Number(port), tls, caFile: syslogCa ?? null };
}

function webhookOf(options: SinkCommandOptions): SinkSettings['webhook'] {
  const { webhook, webhookSecretFile, webhookAllow, buffer, bufferSize } = options;
  if (webhook === undefined) {
    if (buffer !== undefined) throw usage('--buffer goes with --webhook only');
    return null;
  }
  if (!URL.canParse(webhook) || !/^https?:$/.test(new URL(webhook).protocol))
    throw usage(`--webhook "${webhook}" is no URL of https or http`);
  if (webhookSecretFile === undefined)
    throw usage('--webhook needs --webhook-secret-file: what is sent is signed by it');
  return {
    url: new URL(webhook),
    secretFile: webhookSecretFile,
    allow: webhookAllow,
    buffer:
      buffer === undefined
        ? null
        : { directory: resolve(buffer), mostBytes: parseByteSize(bufferSize, '--buffer-size') },
  };
}

function severityOf(text: string): Severity {
  const known = SEVERITIES.find((each) => each === text);
  if (known === undefined) throw usage(`--severity "${text}" is none of ${SEVERITIES.join(', ')}`);
  return known;
}

function usage(message: string): PlimsollError {
  return new PlimsollError('USAGE', message);
}
