import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { ociTarget, scratch } from '../support/scan.ts';
import { jobEnded, startServe } from '../support/serve.ts';

/** `plimsoll serve` traced, to a collector on this machine (OTLP over HTTP, as JSON). */

const place = scratch('serve-traces');
const image = await buildImage({
  layers: [
    {
      entries: [
        file('etc/os-release', OS_RELEASE.debian),
        file('var/lib/dpkg/status', dpkgStatus([{ name: 'curl', version: '7.88.1-10' }])),
      ],
    },
  ],
});
const target = ociTarget(place, image);

/** Tells which packages are loaded, on standard error. */
const HOOK = `
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({
  load(url, context, next) {
    const name = /\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
    if (name !== undefined && !loaded.has(name)) process.stderr.write('loaded ' + name + '\\n');
    loaded.add(name);
    return next(url, context);
  },
});
`;

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

async function collector() {
  const spans: Span[] = [];
  const bodies: string[] = [];
  const headers: unknown[] = [];
  const { url } = await loopbackServer(async (request, response) => {
    const body = await text(request);
    bodies.push(`${request.url} ${body}`);
    headers.push(request.headers['x-collector']);
    for (const { scopeSpans } of JSON.parse(body).resourceSpans)
      spans.push(...scopeSpans.flatMap((each: { spans: Span[] }) => each.spans));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  return { url, spans, bodies, headers };
}

describe.skipIf(POSTGRES === null)(`traces${POSTGRES === null ? ' (no PostgreSQL installed)' : ''}`, () => {
  test('show where the time of a request and of a job went, and no value', async () => {
    const { url, spans, bodies, headers } = await collector();
    const served = await startServe({
      directory: clusterDirectory(),
      settings: { scan: { db: 'starter', localDirectories: [place] } },
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: 'x-collector=secret' },
    });
    const traceId = 'a'.repeat(32);
    const traceparent = `00-${traceId}-${'b'.repeat(16)}-01`;
    const { json } = await served.ask('POST', '/api/v1/images', { body: { target }, headers: { traceparent } });
    expect((await jobEnded(served, json.id)).state).toBe('done');
    await served.ask('GET', '/api/v1/images/sha256:short');
    // What is left is sent before it ends.
    expect(await served.stop()).toBe(0);

    const named = (name: string) => spans.filter((span) => span.name === name);
    const below = (span: Span) =>
      spans.filter(({ parentSpanId }) => parentSpanId === span.spanId).map(({ name }) => name);
    const attribute = ({ attributes }: Span, key: string) => attributes.find((each) => each.key === key)?.value;
    const [request] = named('POST /api/v1/images') as [Span];
    expect([request.traceId, request.parentSpanId]).toEqual([traceId, 'b'.repeat(16)]);
    expect(attribute(request, 'http.route')).toEqual({ stringValue: '/api/v1/images' });
    // Who asks, the job that is asked for, and the audit log.
    expect(below(request)).toEqual(expect.arrayContaining(['postgresql select', 'postgresql insert']));
    const [job] = named('job scan') as [Span];
    expect(attribute(job, 'plimsoll.job.id')).toEqual({ stringValue: json.id });
    const steps = [
      'open target',
      'resolve images',
      'read layers',
      'list packages',
      'match vulnerabilities',
      'decide verdict',
    ];
    expect(below(job)).toEqual(expect.arrayContaining([...steps, 'postgresql update']));
    for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
      expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    }
    // Nothing without a span around it: what processes do every few seconds is no trace.
    expect(spans.filter(({ name, parentSpanId }) => name.startsWith('postgresql') && !parentSpanId)).toEqual([]);
    expect(named('GET /api/v1/images/:digest')).toHaveLength(1);

    const sent = bodies.join('\n');
    expect(sent).toContain('/v1/traces');
    expect(sent).toContain('"service.name","value":{"stringValue":"plimsoll"}');
    expect(sent).not.toContain(served.firstToken);
    expect(sent).not.toContain(image.manifestDigest);
    expect(new Set(headers)).toEqual(new Set(['secret']));
  });

  test('are lost where no collector answers, and nothing else is', async () => {
    const { url } = await loopbackServer((_request, response) => response.writeHead(500).end());
    const served = await startServe({ directory: clusterDirectory(), settings: { traces: { endpoint: url } } });
    expect((await served.ask('GET', '/api/v1/images')).status).toBe(200);
    expect(await served.stop()).toBe(0);
  });

  test.each([
    ['without a collector', {}],
    ['where the SDK is switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
  ])('%s load nothing', async (_name, environment) => {
    const hook = join(place, 'hook.mjs');
    writeFileSync(hook, HOOK);
    const served = await startServe({
      directory: clusterDirectory(),
      environment: { ...environment, NODE_OPTIONS: `--import ${pathToFileURL(hook)}` },
    });
    expect((await served.ask('GET', '/api/v1/images')).status).toBe(200);
    expect(await served.stop()).toBe(0);
    const { stderr } = await served.command.result;
    expect(stderr).toContain('loaded prom-client');
    // Its interfaces alone: prom-client has them for exemplars.
    expect(stderr.match(/loaded @opentelemetry\/.*/g) ?? []).toEqual(['loaded @opentelemetry/api']);
  });
});
