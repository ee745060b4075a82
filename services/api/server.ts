import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Server } from 'node:https';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import { z } from 'zod';
import { PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { AuditEntry, AuditLog, TokenStore } from '../pipeline/access-ports.ts';
import type { RequestSpan, Trace } from '../pipeline/trace.ts';
import { accessRoutes } from './access-routes.ts';
import { type AdmissionRoutesDependencies, admissionRoutes } from './admission-routes.ts';
import { admit, originOf } from './admit.ts';
import { type ChangeRoutesDependencies, changeRoutes } from './change-routes.ts';
import { type ExceptionRoutesDependencies, exceptionRoutes } from './exception-routes.ts';
import { type ImageRoutesDependencies, imageRoutes } from './image-routes.ts';
import { type JobRoutesDependencies, jobRoutes } from './job-routes.ts';
import type { ServerMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { type PackageRoutesDependencies, packageRoutes } from './package-routes.ts';
import { type PolicyRoutesDependencies, policyRoutes } from './policy-routes.ts';
import { problemOf } from './problem.ts';
import { RateLimit } from './rate-limit.ts';
import { type RetentionRoutesDependencies, retentionRoutes } from './retention-routes.ts';
import { type Answer, type Caller, type Route, route } from './route.ts';
import { type Logins, sessionRoutes } from './session-routes.ts';
import { nothing } from './shapes.ts';
import { newSecret } from './token-secret.ts';

export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
}

export interface ApiDependencies
  extends Omit<ImageRoutesDependencies, 'sha256'>,
    AdmissionRoutesDependencies,
    ChangeRoutesDependencies,
    RetentionRoutesDependencies,
    JobRoutesDependencies,
    Omit<ExceptionRoutesDependencies, 'now'>,
    PackageRoutesDependencies,
    PolicyRoutesDependencies {
  readonly access: TokenStore & AuditLog;
  /** null: people cannot log in. */
  readonly logins: Logins | null;
  readonly metrics: ServerMetrics;
  readonly trace: Trace;
  readonly log: FastifyBaseLogger;
  readonly version: string;
  readonly requestsPerMinute: number;
  /** PEM; null: plain HTTP. */
  readonly tls: TlsMaterial | null;
  /** `health`: /livez, /readyz and /metrics, for a process without an API. */
  readonly only: 'all' | 'health';
  /** Why the process cannot do its work now; null: it can. */
  unready(): Promise<string | null>;
}

function secureContext({ certificate, key }: TlsMaterial) {
  return { cert: certificate, key, minVersion: 'TLSv1.2' } as const;
}

/** For connections from here on; those that are there go on with what they were shown. */
export function showCertificate(app: FastifyInstance, tls: TlsMaterial): void {
  (app.server as Server).setSecureContext(secureContext(tls));
}

/** The API, not yet listening. */
export function buildApi(dependencies: ApiDependencies): FastifyInstance {
  const { log, metrics, access, trace } = dependencies;
  const app = fastify({
    loggerInstance: log,
    genReqId: () => randomUUID(),
    bodyLimit: LIMITS.apiBodyBytes,
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    // Nobody before us vouches for X-Forwarded-For.
    trustProxy: false,
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: true,
    https: dependencies.tls && { ...secureContext(dependencies.tls), handshakeTimeout: 10_000 },
  }) as unknown as FastifyInstance;
  // Node takes the longer of both for the whole request.
  app.server.headersTimeout = 10_000;
  const admitting = { access, logins: dependencies.logins, limit: new RateLimit(dependencies.requestsPerMinute) };
  const routes = allRoutes(dependencies);
  const callers = new WeakMap<FastifyRequest, Caller | null>();
  const spans = new WeakMap<FastifyRequest, RequestSpan>();
  app.addHook('onRequest', async (request) => void spans.set(request, trace.request(request.headers)));
  app.addHook('onResponse', async (request, reply) => {
    // The pattern, not the path: a digest in each label would be a series each.
    const name = request.routeOptions.url ?? 'none';
    metrics.requests.inc({ route: name, status: String(reply.statusCode) });
    metrics.seconds.observe({ route: name }, reply.elapsedTime / 1_000);
    const { method, id, ip } = request;
    const { statusCode: status } = reply;
    const attributes = { 'http.request.method': method, 'http.route': name, 'http.response.status_code': status };
    spans.get(request)?.end(`${method} ${name}`, { ...attributes, 'plimsoll.request.id': id }, status >= 500);
    const line = { id, method, route: name, status, ms: Math.round(reply.elapsedTime), ip };
    request.log[name.startsWith('/api') ? 'info' : 'debug'](line, 'answered');
  });
  app.setErrorHandler((thrown, request, reply) => sendProblem(thrown, request, reply));
  app.setNotFoundHandler((request, reply) => {
    return sendProblem(new PlimsollError('NOT_FOUND', `There is no ${request.method} ${request.url}.`), request, reply);
  });
  for (const each of routes) {
    app.route({
      method: each.method,
      url: each.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      ...(each.bodyBytes !== undefined && { bodyLimit: each.bodyBytes }),
      // Before a body is taken from whom nobody knows.
      onRequest: async (request, reply) => {
        const span = spans.get(request)!;
        callers.set(request, await span.run(() => admit(each, request, reply, admitting)));
      },
      handler: (request, reply) =>
        spans.get(request)!.run(async () => {
          const caller = callers.get(request) ?? null;
          try {
            const answer = await each.handle(checked(each, request, caller));
            if (each.audit !== null) await access.audit(entryOf(each, request, caller, 'done', answer));
            return send(each, answer, request, reply);
          } catch (error) {
            if (each.audit !== null) await access.audit(entryOf(each, request, caller, 'refused', null));
            throw error;
          }
        }),
    });
  }
  return app;
}

function allRoutes(dependencies: ApiDependencies): readonly Route[] {
  const { access, logins, metrics, unready, version } = dependencies;
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const open = {
    method: 'GET',
    role: null,
    params: nothing,
    query: nothing,
    body: null,
    status: 200,
    audit: null,
  } as const;
  const state = z.object({ status: z.string() });
  const health: Route[] = [
    route({
      ...open,
      path: '/livez',
      summary: 'The process runs',
      response: state,
      handle: async () => ({ body: { status: 'ok' } }),
    }),
    route({
      ...open,
      path: '/readyz',
      summary: 'The process can do its work: store and queue answer',
      response: state,
      handle: async () => {
        const why = await unready();
        return why === null ? { body: { status: 'ok' } } : { body: { status: why }, status: 503 };
      },
    }),
    route({
      ...open,
      path: '/metrics',
      summary: 'Metrics for Prometheus',
      role: 'viewer',
      response: null,
      handle: async () => ({ body: await metrics.registry.metrics(), type: metrics.registry.contentType }),
    }),
  ];
  if (dependencies.only === 'health') return health;
  const makeSecret = () => newSecret(randomBytes);
  const routes: Route[] = [
    ...health,
    route({
      ...open,
      path: '/api/v1/openapi.json',
      summary: 'This document',
      response: z.object({}),
      handle: async () => ({ body: openApiDocument(routes, version, logins?.cookies.session ?? null) }),
    }),
    ...imageRoutes({ ...dependencies, sha256 }),
    ...changeRoutes(dependencies),
    ...admissionRoutes(dependencies),
    ...packageRoutes(dependencies),
    ...retentionRoutes(dependencies),
    ...jobRoutes(dependencies),
    ...exceptionRoutes({ ...dependencies, now: Date.now }),
    ...policyRoutes(dependencies),
    ...accessRoutes({ access, newSecret: makeSecret, now: Date.now }),
    ...(logins === null ? [] : sessionRoutes({ ...logins, access, newSecret: makeSecret })),
  ];
  return routes;
}

/** The request in the shapes that the route states. Raises USAGE. */
function checked({ params, query, body }: Route, request: FastifyRequest, caller: Caller | null) {
  const read = (shape: z.ZodObject, value: unknown): Record<string, unknown> => {
    const { data, error } = shape.safeParse(value ?? {});
    if (data !== undefined) return data;
    const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'the request'}: ${message}`);
    throw new PlimsollError('USAGE', problems.join('; '));
  };
  return {
    params: read(params, request.params),
    query: read(query, request.query),
    body: body === null ? {} : read(body, request.body),
    caller,
    raw: {
      query: /\?.*$/s.exec(request.url)?.[0] ?? '',
      cookie: request.headers.cookie,
      origin: originOf(request),
    },
  };
}

function entryOf(
  { audit }: Route,
  request: FastifyRequest,
  caller: Caller | null,
  outcome: AuditEntry['outcome'],
  answer: Answer | null,
): AuditEntry {
  const made = answer?.body;
  const id = typeof made === 'object' && made !== null && 'id' in made ? String(made.id) : null;
  const subject = (answer?.subject ?? id ?? request.url).slice(0, 512);
  return { ...originOf(request), actor: caller?.actor ?? 'anonymous', action: audit!, subject, outcome };
}

function send(each: Route, answer: Answer, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { body, type = 'application/json; charset=utf-8', status = each.status, headers = {} } = answer;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  reply.header('x-request-id', request.id).header('cache-control', 'no-store').code(status);
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  if (status === 204 || status === 302) return reply.send();
  if (each.method === 'GET' && status === 200) {
    const etag = `"${answer.etag ?? createHash('sha256').update(text).digest('base64url')}"`;
    reply.header('etag', etag).header('cache-control', 'private, no-cache');
    const known = request.headers['if-none-match']?.split(',').map((each) => each.trim().replace(/^W\//, ''));
    if (known?.includes(etag) || known?.includes('*')) return reply.code(304).send();
  }
  return reply.type(type).send(text);
}

function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(thrown, request.id);
  if (problem.status >= 500) request.log.error({ err: thrown }, 'request failed');
  return reply
    .code(problem.status)
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(problem));
}
