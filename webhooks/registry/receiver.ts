import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { messageOf } from '../../services/domain/errors.ts';
import type { Delivery } from '../../services/domain/registries/push-event.ts';
import { readDelivery } from '../../services/domain/registries/read-delivery.ts';
import { checkHead, checkSignature } from './authenticate.ts';
import { type Endpoint, endpointsOf } from './endpoint.ts';
import type { DeliveryResult } from './receiver-metrics.ts';
import type { OpenedRegistration, ReceivedDelivery, ReceiverDependencies } from './receiver-ports.ts';
import { REFUSALS, Refusal, type RefusalReason } from './refusal.ts';
import { SnsReceiver } from './sns.ts';

type Parameters = { kind: string; registration: string; token?: string };

/** A request whose head was found good. */
interface Admitted {
  readonly endpoint: Endpoint;
  readonly startedAt: number;
}

/**
 * `POST /webhooks/registry/KIND/REGISTRATION[/TOKEN]`: head → body → signature → events → record → 202. What a sender is told is
 * the status and one word; why, stands in the log.
 */
export function addRegistryWebhooks(app: FastifyInstance, dependencies: ReceiverDependencies): void {
  const { limits, log, metrics, now } = dependencies;
  const endpoints = endpointsOf(dependencies.registrations, limits, now());
  const sns = new SnsReceiver(dependencies.sns, limits, now);
  const admitted = new WeakMap<FastifyRequest, Admitted>();

  const count = (request: FastifyRequest, result: DeliveryResult, startedAt: number): void => {
    const { kind, registration } = request.params as Parameters;
    const known = endpoints.has(`${kind}/${registration}`);
    metrics.delivery(known ? registration : '', known ? kind : '', result, (now() - startedAt) / 1_000);
  };

  /** Everything that the head decides, so that no byte of a body is read for whoever may not send one. */
  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { kind, registration, token } = request.params as Parameters;
    const endpoint = endpoints.get(`${kind}/${registration}`);
    if (endpoint === undefined) throw new Refusal('unknown-registration', 'no registration has this kind and id');
    const { opened } = endpoint;
    checkHead(opened.registration.webhook, opened.secrets, { headers: request.headers, token: token ?? null });
    endpoint.checkType(request.headers);
    endpoint.enter();
    // Comes once, however the request ends.
    reply.raw.once('close', () => endpoint.leave());
    admitted.set(request, { endpoint, startedAt: now() });
  };

  const receive = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { endpoint, startedAt } = admitted.get(request)!;
    const { registration } = endpoint.opened;
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const confirmed = await authenticateBody(endpoint.opened, body, request, sns);
    endpoint.take(now());
    if (confirmed !== null) {
      log.warn({ registry: registration.id, sns: confirmed }, 'a subscription of SNS was changed');
      count(request, 'confirmed', startedAt);
      return reply.code(202).send({ accepted: 0 });
    }
    const read = readDelivery(
      body,
      { registry: registration.id, kind: registration.kind, host: registration.host },
      limits,
    );
    if ('refused' in read) throw new Refusal('malformed', read.refused);
    const received = receivedDelivery(endpoint, read.delivery, body, request);
    countEvents(dependencies, read.delivery, received);
    if (received.events.length === 0) {
      count(request, 'ignored', startedAt);
      return reply.code(202).send({ accepted: 0 });
    }
    const { id, replay } = await dependencies.accept(received).catch((cause: unknown) => {
      throw new Refusal('unavailable', `the delivery could not be recorded: ${messageOf(cause)}`, { cause });
    });
    count(request, replay ? 'replayed' : 'accepted', startedAt);
    log.info({ registry: registration.id, delivery: id, replay, events: received.events.length }, 'delivery recorded');
    return reply.code(202).send({ accepted: received.events.length, delivery: id });
  };

  app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    const parser = { parseAs: 'buffer', bodyLimit: limits.deliveryBytes } as const;
    scope.addContentTypeParser('*', parser, (_request, body, parsed) => parsed(null, body));
    scope.setErrorHandler((error, request, reply) => {
      const refusal = asRefusal(error);
      count(request, refusal.reason, admitted.get(request)?.startedAt ?? now());
      const { kind, registration } = request.params as Parameters;
      const fields = {
        registry: registration.slice(0, 63),
        kind: kind.slice(0, 63),
        remote: request.ip,
        reason: refusal.reason,
      };
      if (dependencies.mayLogRefusal()) log.warn({ ...fields, why: refusal.message }, 'delivery refused');
      // What is left of a body that was not read is not worth the connection.
      void reply.header('connection', 'close');
      if (REFUSALS[refusal.reason] === 401) void reply.header('www-authenticate', 'Bearer realm="plimsoll webhooks"');
      if (refusal.reason === 'too-many' || refusal.reason === 'unavailable') void reply.header('retry-after', '5');
      void reply.code(REFUSALS[refusal.reason]).send({ error: wordOf(refusal.reason) });
    });
    for (const path of ['/webhooks/registry/:kind/:registration', '/webhooks/registry/:kind/:registration/:token']) {
      scope.post(path, { onRequest: admit, bodyLimit: limits.deliveryBytes }, receive);
    }
    done();
  });
}

/** Whether a registration exists is not the business of whoever cannot prove who they are. */
function wordOf(reason: RefusalReason): string {
  return reason === 'unknown-registration' ? 'unauthenticated' : reason;
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { code } = Object(error) as { code?: unknown };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Refusal('too-large', 'the body is longer than deliveryBytes');
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP')) return new Refusal('malformed', messageOf(error));
  return new Refusal('unavailable', messageOf(error), { cause: error });
}

/** What only the body can prove. The kind of message where it was SNS's question, which is answered here. */
async function authenticateBody(
  { registration: { webhook }, secrets }: OpenedRegistration,
  body: Uint8Array,
  request: FastifyRequest,
  sns: SnsReceiver,
): Promise<string | null> {
  if (webhook.method === 'hmac') checkSignature(body, request.headers, secrets);
  if (webhook.method !== 'sns') return null;
  const message = await sns.check(body, webhook.topic);
  if (message.type === 'SubscriptionConfirmation') await sns.confirm(message);
  return message.type === 'Notification' ? null : message.type;
}

function receivedDelivery(
  { opened: { registration, hook, covers } }: Endpoint,
  { events, ignored }: Delivery,
  body: Uint8Array,
  request: FastifyRequest,
): ReceivedDelivery {
  const covered = events.filter(({ repository }) => covers(repository));
  return {
    registry: registration.id,
    senderId: hook.senderId(request.headers, events),
    bodyDigest: `sha256:${createHash('sha256').update(body).digest('hex')}`,
    events: covered.map(({ action, repository, tag, digest, occurredAt }) => {
      return { action, repository, tag, digest, at: occurredAt };
    }),
    ignored: ignored.pull + ignored.blob + ignored.other + events.length - covered.length,
  };
}

function countEvents(
  { metrics, log }: ReceiverDependencies,
  { events, ignored, flaws, flawCount }: Delivery,
  received: ReceivedDelivery,
): void {
  const { registry } = received;
  for (const action of ['push', 'delete'] as const) {
    metrics.events(registry, action, received.events.filter((event) => event.action === action).length);
  }
  for (const [outcome, number] of Object.entries(ignored))
    metrics.events(registry, outcome as keyof typeof ignored, number);
  metrics.events(registry, 'filtered', events.length - received.events.length);
  metrics.events(registry, 'flawed', flawCount);
  if (flawCount > 0) log.warn({ registry, flaws, flawCount }, 'parts of a delivery were left out');
}
