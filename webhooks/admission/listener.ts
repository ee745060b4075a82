import { constants, timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { messageOf, PlimsollError } from '../../services/domain/errors.ts';
import type { Limits } from '../../services/domain/limits.ts';
import { type AdmissionPath, PATHS } from './admission-path.ts';
import { deadlineOf } from './deadline.ts';
import { REFUSED_CALLS, RefusedCall, type RefusedCallReason } from './refused-call.ts';

/** What the listener shows and whom it believes; may be swapped while it runs. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
  /** PEM of those who vouch for callers; null: callers show no certificate. */
  readonly clientAuthorities: string | null;
}

/** One call that was found good. */
export interface ReviewCall {
  readonly path: AdmissionPath;
  readonly body: Uint8Array;
  /** Whether the caller proved by a certificate that it is the API server. */
  readonly authenticated: boolean;
  /** When the answer must be there, in milliseconds of `now`. */
  readonly deadline: number;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly material: TlsMaterial;
  /** Names of subjects that a caller's certificate may have; null: whatever the authorities vouch for. */
  readonly clientNames: readonly string[] | null;
  /** A segment behind each path that only the API server knows; null: none. */
  readonly pathSecret: string | null;
  /** What a caller may call us, lower case; null: anything. */
  readonly serverNames: readonly string[] | null;
  readonly mutate: boolean;
  readonly limits: Limits;
  /** Milliseconds, as `performance.now()`. */
  now(): number;
  /** The AdmissionReview to answer. What it raises is the sender's 500, and its failurePolicy decides. */
  review(call: ReviewCall): Promise<object>;
  onRefused(reason: RefusedCallReason, fields: { readonly remote: string; readonly why: string }): void;
  /** What was no refusal; told to nobody else. */
  onFailed(error: unknown): void;
}

export interface RunningListener {
  /** As it turned out, also where port 0 was asked for. */
  readonly host: string;
  readonly port: number;
  /** For connections from here on; those that are there go on. */
  use(material: TlsMaterial): void;
  /** Takes no more connections, answers what has begun, and resolves. */
  close(): Promise<void>;
}

/** A whole request: reviews are small, and API servers are near. Milliseconds. */
const REQUEST_MS = 10_000;
const HEAD_MS = 5_000;
const HANDSHAKE_MS = 5_000;
/** How often slow callers are looked for. */
const CHECK_MS = 2_000;
/** API servers keep connections for 90 s. */
const IDLE_MS = 120_000;

/**
 * `POST /admission/…`, over TLS alone. Everything that the head decides is decided before a byte of the body is read. Raises LISTEN_FAILED.
 */
export async function startListener(options: ListenerOptions): Promise<RunningListener> {
  const { host, port, limits } = options;
  const app = fastify({
    https: {
      ...contextOf(options.material),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    bodyLimit: limits.reviewBytes,
    requestTimeout: REQUEST_MS,
    connectionTimeout: IDLE_MS,
    keepAliveTimeout: IDLE_MS,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    trustProxy: false,
  }) as unknown as FastifyInstance;
  // Whether callers must show a certificate is what the newest material says.
  const current = { material: options.material };
  addRoutes(app, options, () => current.material.clientAuthorities !== null);
  const server = app.server as unknown as Server;
  server.maxConnections = limits.reviewConnections;
  // Node takes the longer of both for the whole request.
  server.headersTimeout = HEAD_MS;
  // Of a handshake that fails nobody else hears.
  server.on('tlsClientError', (error, socket) => {
    options.onRefused('handshake', { remote: socket.remoteAddress ?? '', why: messageOf(error) });
  });
  server.on('drop', (data) => {
    options.onRefused('connections', { remote: data?.remoteAddress ?? '', why: 'more than reviewConnections' });
  });
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw new PlimsollError('LISTEN_FAILED', `Nothing can listen on ${host}:${port}: ${messageOf(cause)}`, { cause });
  }
  const address = server.address() as AddressInfo;
  return {
    host: address.address,
    port: address.port,
    use: (material) => {
      server.setSecureContext(contextOf(material));
      current.material = material;
    },
    close: () => app.close(),
  };
}

function contextOf({ certificate, key, clientAuthorities }: TlsMaterial) {
  return {
    cert: certificate,
    key,
    ...(clientAuthorities !== null && { ca: clientAuthorities }),
    minVersion: 'TLSv1.2',
    // A resumed session would outlive the authorities that it was believed by.
    secureOptions: constants.SSL_OP_NO_TICKET,
    sessionTimeout: 1,
  } as const;
}

function addRoutes(app: FastifyInstance, options: ListenerOptions, mustShow: () => boolean): void {
  const { limits, pathSecret, now } = options;
  let open = 0;
  const admitted = new WeakMap<FastifyRequest, Omit<ReviewCall, 'body' | 'path'>>();
  // A certificate is shown once for a connection, and takes a tenth of a millisecond to look at.
  const believed = new WeakSet<TLSSocket>();

  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const startedAt = now();
    checkHost(request, options.serverNames);
    const authenticated = mustShow();
    const socket = request.raw.socket as TLSSocket;
    if (authenticated && !believed.has(socket)) {
      checkCaller(socket, options.clientNames);
      believed.add(socket);
    }
    if (pathSecret !== null && !isSame((request.params as { secret?: string }).secret ?? '', pathSecret)) {
      throw new RefusedCall('path', 'the secret segment of the path is another');
    }
    if (open >= limits.reviewsAtOnce)
      throw new RefusedCall('too-many', `more than reviewsAtOnce (${limits.reviewsAtOnce})`);
    open += 1;
    // Comes once, however the request ends.
    reply.raw.once('close', () => {
      open -= 1;
    });
    const { timeout } = request.query as { timeout?: unknown };
    admitted.set(request, { authenticated, deadline: deadlineOf(timeout, startedAt) });
  };

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  for (const [path, url] of Object.entries(PATHS) as [AdmissionPath, string][]) {
    if (path === 'mutate' && !options.mutate) continue;
    app.post(pathSecret === null ? url : `${url}/:secret`, { onRequest: admit }, async (request) => {
      return await options.review({ ...admitted.get(request)!, path, body: request.body as Uint8Array });
    });
  }
  app.setNotFoundHandler((request, reply) => {
    return refuse(reply, request, new RefusedCall('path', `there is no ${request.method} of this path`), options);
  });
  app.setErrorHandler((error, request, reply) => {
    const refused = asRefused(error);
    if (refused === null) options.onFailed(error);
    return refuse(reply, request, refused, options);
  });
}

function checkHost({ headers }: FastifyRequest, names: readonly string[] | null): void {
  if (names === null) return;
  const host = (headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
  if (!names.includes(host))
    throw new RefusedCall('host', `${JSON.stringify(host.slice(0, 100))} is none of our names`);
}

/** Raises RefusedCall where the caller does not prove who it is. */
function checkCaller(socket: TLSSocket, names: readonly string[] | null): void {
  if (!socket.authorized) {
    throw new RefusedCall('certificate', `the caller's certificate: ${messageOf(socket.authorizationError ?? 'none')}`);
  }
  if (names === null) return;
  const name = (socket.getPeerCertificate().subject as { readonly CN?: unknown } | undefined)?.CN;
  if (typeof name === 'string' && names.includes(name)) return;
  throw new RefusedCall('certificate', `the caller's certificate is ${JSON.stringify(String(name).slice(0, 100))}'s`);
}

function isSame(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function asRefused(error: unknown): RefusedCall | null {
  if (error instanceof RefusedCall) return error;
  const { code } = Object(error) as { code?: unknown };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new RefusedCall('too-large', 'the body is longer than reviewBytes');
  return typeof code === 'string' && code.startsWith('FST_ERR') ? new RefusedCall('malformed', messageOf(error)) : null;
}

function refuse(reply: FastifyReply, request: FastifyRequest, refused: RefusedCall | null, options: ListenerOptions) {
  // What is left of a body that was not read is not worth the connection.
  void reply.header('connection', 'close');
  if (refused === null) return reply.code(500).send({ error: 'failed' });
  options.onRefused(refused.reason, { remote: request.ip, why: refused.message });
  return reply
    .code(REFUSED_CALLS[refused.reason])
    .send({ error: REFUSED_CALLS[refused.reason] === 403 ? 'forbidden' : refused.reason });
}
