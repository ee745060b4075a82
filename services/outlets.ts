import { readFileSync } from 'node:fs';
import { Transport } from './adapters/registry/transport.ts';
import { SecretSources } from './adapters/secrets/secret-sources.ts';
import { RecordDelivery } from './adapters/sinks/record-delivery.ts';
import { RotatingFile } from './adapters/sinks/rotating-file.ts';
import { Spool } from './adapters/sinks/spool.ts';
import { SyslogSocket } from './adapters/sinks/syslog-socket.ts';
import { SyslogStream } from './adapters/sinks/syslog-stream.ts';
import { WebhookSink } from './adapters/sinks/webhook-sink.ts';
import type { Outlet } from './cli/agent-outlets.ts';
import type { SinkSettings } from './cli/sink-options.ts';
import { messageOf, PlimsollError } from './domain/errors.ts';
import { LIMITS } from './domain/limits.ts';
import { parseEgressRules } from './domain/network/egress.ts';
import { Backlog } from './domain/runtime/backlog.ts';
import type { RecordSink } from './pipeline/runtime-ports.ts';

const IDLE_MS = 30_000;

interface Surroundings {
  readonly say: (text: string) => void;
  readonly sensorProgram: () => Promise<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The sinks of the agent as the settings ask for them. SECRET_UNREADABLE, OUTPUT_FAILED, USAGE. */
export function openOutlets(settings: SinkSettings, surroundings: Surroundings): readonly Outlet[] {
  const { file, syslog, webhook, least } = settings;
  const { say } = surroundings;
  const outlets: Outlet[] = [];
  const add = (
    sink: RecordSink,
    from: Outlet['least'],
    buffer = new Backlog(LIMITS.sinkMemoryBytes) as Backlog | Spool,
  ) => outlets.push({ delivery: new RecordDelivery(sink, buffer, say), least: from });
  if (file !== null) add(new RotatingFile(file.path, file), 'low');
  if (syslog?.kind === 'socket') add(new SyslogSocket(syslog.path, surroundings.sensorProgram), least);
  if (syslog?.kind === 'stream') {
    const ca = syslog.caFile === null ? null : readCertificate(syslog.caFile);
    add(new SyslogStream({ ...syslog, tls: syslog.tls ? { ca } : null }), least);
  }
  if (webhook !== null) {
    const { url, secretFile, allow, buffer } = webhook;
    const secret = new SecretSources(surroundings.environment).read({ file: secretFile }, '');
    if (secret.length < LEAST_SECRET)
      throw new PlimsollError(
        'SECRET_UNREADABLE',
        `The secret in ${secretFile} is too short: at least ${LEAST_SECRET} characters.`,
      );
    const transport = new Transport({
      rules: parseEgressRules(allow),
      ca: null,
      verifyTls: true,
      idleMs: IDLE_MS,
      environment: surroundings.environment,
    });
    const sink = new WebhookSink(url, secret, {
      post: async (to, headers, body, signal) => {
        const { statusCode, body: answer } = await transport.ask(to, { method: 'POST', headers, body, signal });
        await answer.dump();
        return statusCode;
      },
      close: () => transport.close(),
    });
    add(sink, least, buffer === null ? undefined : new Spool(buffer.directory, buffer.mostBytes));
  }
  return outlets;
}

const LEAST_SECRET = 16;

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PlimsollError('USAGE', `--syslog-ca ${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
