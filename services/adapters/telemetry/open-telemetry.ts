import { type Context, DiagLogLevel, diag, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { messageOf } from '../../domain/errors.ts';
import type { RequestSpan, Trace, TraceAttributes } from '../../pipeline/trace.ts';

export interface TracesOptions {
  /** Of the collector (OTLP over HTTP), without `/v1/traces`. */
  readonly endpoint: string;
  /** Of the traces that begin here, between 0 and 1. */
  readonly ratio: number;
  readonly version: string;
  /** What this process does. */
  readonly role: string;
  readonly onWarning: (message: string) => void;
}

/** How long the last spans may take to be sent when the process ends, and any others. */
const EXPORT_MS = 5_000;

/**
 * Spans by the SDK of OpenTelemetry, sent in batches. Headers, certificates and further attributes come from the variables that its
 * specification names (OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME …). Nothing is registered globally.
 */
export class OpenTelemetryTraces implements Trace {
  readonly #provider: TracerProvider;
  readonly #tracer: ReturnType<TracerProvider['getTracer']>;
  readonly #contexts = new AsyncLocalStorageContextManager().enable();
  readonly #propagator = new W3CTraceContextPropagator();

  constructor({ endpoint, ratio, version, role, onWarning }: TracesOptions) {
    const tell = (message: string, ...more: readonly unknown[]): void =>
      onWarning([message, ...more].map(messageOf).join(' '));
    diag.setLogger({ error: tell, warn: tell, info: () => {}, debug: () => {}, verbose: () => {} }, DiagLogLevel.WARN);
    const own = { 'service.name': 'plimsoll', 'service.version': version, 'plimsoll.role': role };
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
      timeoutMillis: EXPORT_MS,
    });
    const sampled = new TraceIdRatioBasedSampler(ratio);
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] })),
      // Who sends a trace along names it, and does not decide whether it is kept.
      sampler: new ParentBasedSampler({ root: sampled, remoteParentSampled: sampled, remoteParentNotSampled: sampled }),
      spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: EXPORT_MS })],
    });
    this.#tracer = this.#provider.getTracer('plimsoll', version);
  }

  async span<Result>(name: string, attributes: TraceAttributes, work: () => Promise<Result>): Promise<Result> {
    const active = this.#contexts.active();
    const span = this.#tracer.startSpan(name, { attributes }, active);
    try {
      return await this.#contexts.with(trace.setSpan(active, span), work);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
      throw error;
    } finally {
      span.end();
    }
  }

  ended(name: string, attributes: TraceAttributes, milliseconds: number): void {
    const active = this.#contexts.active();
    if (trace.getSpan(active) === undefined) return;
    const now = Date.now();
    this.#tracer.startSpan(name, { attributes, kind: SpanKind.CLIENT, startTime: now - milliseconds }, active).end(now);
  }

  request(headers: Readonly<Record<string, unknown>>): RequestSpan {
    const remote = this.#propagator.extract(ROOT_CONTEXT, headers, {
      get: (carrier, key) => {
        const value = Object(carrier)[key];
        return typeof value === 'string' ? value : undefined;
      },
      keys: (carrier) => Object.keys(Object(carrier)),
    });
    const span = this.#tracer.startSpan('request', { kind: SpanKind.SERVER }, remote);
    const inside: Context = trace.setSpan(remote, span);
    return {
      run: (work) => this.#contexts.with(inside, work),
      end: (name, attributes, failed) => {
        span.updateName(name).setAttributes(attributes);
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  /** Sends what is left, as far as the collector answers in time. */
  async close(): Promise<void> {
    await this.#provider.shutdown().catch((error) => diag.warn(messageOf(error)));
    this.#contexts.disable();
    diag.disable();
  }
}
