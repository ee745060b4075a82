import { sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { readSnsMessage, type SnsMessage } from '../../services/domain/registries/sns-message.ts';
import { DELIVERY_SAMPLES } from '../../test/support/registry-deliveries.ts';
import { signingCertificate } from '../../test/support/signing-certificate.ts';
import { TOPIC, testReceiver } from '../../test/support/webhook-receiver.ts';
import type { SnsEndpoints } from './sns.ts';

const NOW = Date.parse('2026-05-05T12:00:00Z');
const YEAR = 365 * 86_400_000;
const ours = signingCertificate(new Date(NOW - YEAR), new Date(NOW + YEAR));
const CERTIFICATE = 'https://sns.us-west-2.amazonaws.com/SimpleNotificationService-0123.pem';

const { Message } = DELIVERY_SAMPLES.find(({ format }) => format === 'SNS')!.document as { Message: string };
const NOTIFICATION = {
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: TOPIC,
  Message,
  Timestamp: new Date(NOW - 1_000).toISOString(),
  SignatureVersion: '2',
  SigningCertURL: CERTIFICATE,
  UnsubscribeURL: 'http://169.254.169.254/',
};
const CONFIRMATION = {
  ...NOTIFICATION,
  Type: 'SubscriptionConfirmation',
  Message: 'You have chosen to subscribe.',
  Token: '2336412f37fb687f5d51e6e2425ba1',
  SubscribeURL: 'http://169.254.169.254/latest/meta-data/',
};

/** Signed as SNS does, by whoever has the key. */
function signed(document: object, { key } = ours): object {
  const unsigned = { ...document, Signature: 'AAAA' } as Record<string, string>;
  const message = readSnsMessage(unsigned, unsigned.TopicArn!);
  if (typeof message === 'string') return unsigned;
  const hash = unsigned.SignatureVersion === '1' ? 'sha1' : 'sha256';
  return { ...unsigned, Signature: sign(hash, Buffer.from((message as SnsMessage).signed), key).toString('base64') };
}

/** What is asked of SNS. */
function endpoints(pem = ours.pem): SnsEndpoints & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    certificate: async (url) => {
      asked.push(url);
      return pem;
    },
    confirm: async (url) => {
      asked.push(url);
    },
  };
}

async function send(document: object, sns: SnsEndpoints = endpoints(), now = NOW) {
  const receiver = testReceiver({ sns, now: () => now });
  const response = await receiver.app.inject(request(document));
  return { status: response.statusCode, receiver, results: Object.keys(await receiver.results()) };
}

function request(document: object) {
  const headers = { 'content-type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': 'Notification' };
  return { method: 'POST', url: '/webhooks/registry/ecr/sns', headers, payload: JSON.stringify(document) } as const;
}

describe('notifications', () => {
  test.each(['1', '2'])('of SignatureVersion %s are recorded', async (SignatureVersion) => {
    const { status, receiver } = await send(signed({ ...NOTIFICATION, SignatureVersion }));
    expect(status).toBe(202);
    expect(receiver.accepted).toMatchObject([
      { registry: 'sns', senderId: '13cde686-328b-6117-af20-0e5566167482', events: [{ repository: 'shop/api' }] },
    ]);
  });
  test('the certificate is asked for once', async () => {
    const sns = endpoints();
    const receiver = testReceiver({ sns, now: () => NOW });
    for (let count = 0; count < 3; count++) await receiver.app.inject(request(signed(NOTIFICATION)));
    expect(receiver.accepted).toHaveLength(3);
    expect(sns.asked).toEqual([CERTIFICATE]);
  });
  test.each(['Message', 'MessageId', 'Timestamp', 'Subject', 'Type'])(
    'with a %s that was changed: 401',
    async (name) => {
      const document = {
        ...signed({ ...NOTIFICATION, Subject: 'S' }),
        [name]: name === 'Type' ? 'UnsubscribeConfirmation' : 'x',
      };
      const { status, receiver, results } = await send(document);
      expect([status, receiver.accepted, results]).toEqual([401, [], ['ecr sns unauthenticated']]);
    },
  );
  test('signed by another key, or by SHA-1 in the name of SHA-256: 401', async () => {
    const theirs = signingCertificate(new Date(NOW - YEAR), new Date(NOW + YEAR));
    expect((await send(signed(NOTIFICATION, theirs))).status).toBe(401);
    const weak = signed({ ...NOTIFICATION, SignatureVersion: '1' });
    expect((await send({ ...weak, SignatureVersion: '2' })).status).toBe(401);
    const curve = signingCertificate(new Date(NOW - YEAR), new Date(NOW + YEAR), 'ec');
    expect((await send(signed(NOTIFICATION, curve), endpoints(curve.pem))).status).toBe(401);
  });
  test('of another topic, or with a certificate from elsewhere: 401, and nothing is asked for', async () => {
    const other = { ...NOTIFICATION, TopicArn: TOPIC.replace('images', 'other') };
    const elsewhere = { ...NOTIFICATION, SigningCertURL: 'https://sns.us-west-2.amazonaws.com.evil.example.org/a.pem' };
    for (const document of [signed(other), { ...signed(NOTIFICATION), ...elsewhere }, {}, [], 'x']) {
      const sns = endpoints();
      expect((await send(document as object, sns)).status).toBe(401);
      expect(sns.asked).toEqual([]);
    }
  });
  test('deliveryAgeMs and deliveryAheadMs: at them, and past them 403', async () => {
    const at = Date.parse(NOTIFICATION.Timestamp);
    const moments = [at + LIMITS.deliveryAgeMs, at - LIMITS.deliveryAheadMs];
    for (const now of moments) expect((await send(signed(NOTIFICATION), endpoints(), now)).status).toBe(202);
    for (const now of [moments[0]! + 1, moments[1]! - 1]) {
      const { status, results } = await send(signed(NOTIFICATION), endpoints(), now);
      expect([status, results]).toEqual([403, ['ecr sns stale']]);
    }
    expect((await send(signed({ ...NOTIFICATION, Timestamp: 'yesterday' }))).status).toBe(403);
  });
  test('with a certificate that is not valid now: 401', async () => {
    for (const [from, to] of [
      [NOW - YEAR, NOW - 1_000],
      [NOW + 1_000, NOW + YEAR],
    ] as const) {
      const certificate = signingCertificate(new Date(from), new Date(to));
      expect((await send(signed(NOTIFICATION, certificate), endpoints(certificate.pem))).status).toBe(401);
    }
  });
  test('where SNS does not answer, or with nonsense: 503, so that it is sent again', async () => {
    const down = { ...endpoints(), certificate: () => Promise.reject(new Error('no route')) };
    for (const sns of [down, endpoints('no certificate')]) {
      const { status, results } = await send(signed(NOTIFICATION), sns);
      expect([status, results]).toEqual([503, ['ecr sns unavailable']]);
    }
  });
  test('certificateFetchesPerMinute: whoever names many is told 429', async () => {
    const sns = endpoints();
    const receiver = testReceiver({ sns, now: () => NOW });
    const statuses = [];
    for (let count = 0; count <= LIMITS.certificateFetchesPerMinute; count++) {
      const SigningCertURL = `https://sns.us-west-2.amazonaws.com/a${count}.pem`;
      const forged = { ...signed(NOTIFICATION), SigningCertURL, Signature: 'AAAA' };
      statuses.push((await receiver.app.inject(request(forged))).statusCode);
    }
    expect(statuses).toEqual([...Array(LIMITS.certificateFetchesPerMinute).fill(401), 429]);
    expect(sns.asked).toHaveLength(LIMITS.certificateFetchesPerMinute);
  });
});

describe('subscriptions', () => {
  test('are confirmed at SNS, not where the message says', async () => {
    const sns = endpoints();
    const { status, receiver, results } = await send(signed(CONFIRMATION), sns);
    expect([status, receiver.accepted, results]).toEqual([202, [], ['ecr sns confirmed']]);
    const topic = TOPIC.replaceAll(':', '%3A');
    expect(sns.asked).toEqual([
      CERTIFICATE,
      `https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${topic}&Token=${CONFIRMATION.Token}`,
    ]);
    expect(receiver.logged()).not.toContain(CONFIRMATION.Token);
  });
  test('are not confirmed without a signature, with a strange token, or to another topic', async () => {
    const forged = { ...signed(CONFIRMATION), Token: 'a' };
    const strange = signed({ ...CONFIRMATION, Token: 'a&Action=DeleteTopic' });
    const other = signed({ ...CONFIRMATION, TopicArn: TOPIC.replace('images', 'other') });
    for (const [document, expected] of [
      [forged, 401],
      [strange, 400],
      [other, 401],
    ] as const) {
      const sns = endpoints();
      expect((await send(document, sns)).status).toBe(expected);
      expect(sns.asked.filter((url) => url.includes('Action'))).toEqual([]);
    }
  });
  test('that SNS does not take: 503', async () => {
    const sns = { ...endpoints(), confirm: () => Promise.reject(new Error('status 403')) };
    expect((await send(signed(CONFIRMATION), sns)).status).toBe(503);
  });
  test('that end are told in the log', async () => {
    const { status, receiver } = await send(signed({ ...CONFIRMATION, Type: 'UnsubscribeConfirmation' }));
    expect(status).toBe(202);
    expect(receiver.logged()).toContain('UnsubscribeConfirmation');
  });
});
