import type { Logger } from 'pino';
import { messageOf, PlimsollError } from './domain/errors.ts';
import { VERSION } from './domain/version.ts';
import type { ServerSettings } from './pipeline/server-settings.ts';
import { type Trace, UNTRACED } from './pipeline/trace.ts';
import type { Undo } from './serve-rounds.ts';

// The part of the servers' composition root that traces what they do, where somebody asks for it.

/** Raises SETTINGS_INVALID where the SDK is not installed. */
export async function openTraces(
  { endpoint, ratio }: ServerSettings['traces'],
  role: string,
  log: Logger,
  undo: Undo[],
): Promise<Trace> {
  if (endpoint === undefined || process.env.OTEL_SDK_DISABLED === 'true') return UNTRACED;
  const { OpenTelemetryTraces } = await import('./adapters/telemetry/open-telemetry.ts').catch((cause) => {
    const message = `traces.endpoint is set, and the SDK of OpenTelemetry is not installed (it is optional): ${messageOf(cause)}`;
    throw new PlimsollError('SETTINGS_INVALID', message, { cause });
  });
  const onWarning = (message: string): void => log.warn({ part: 'traces' }, message);
  const traces = new OpenTelemetryTraces({ endpoint, ratio, version: VERSION, role, onWarning });
  undo.push(() => traces.close());
  return traces;
}
