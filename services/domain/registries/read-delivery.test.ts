import { describe, expect, test } from 'vitest';
import { DELIVERY_SAMPLES, DIGEST } from '../../../test/support/registry-deliveries.ts';
import { LIMITS, type Limits } from '../limits.ts';
import { type DeliverySource, readDelivery } from './read-delivery.ts';
import { REGISTRY_KINDS, type RegistryKind } from './registry-kind.ts';

const encode = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** The delivery; a refusal fails. */
function read(kind: RegistryKind, body: unknown, changes: Partial<DeliverySource> = {}, limits: Limits = LIMITS) {
  const reading = readDelivery(encode(body), { registry: 'r', kind, host: null, ...changes }, limits);
  if ('refused' in reading) throw new Error(reading.refused);
  return reading.delivery;
}

function refusal(kind: RegistryKind, body: unknown, limits: Limits = LIMITS): string {
  const reading = readDelivery(encode(body), { registry: 'r', kind, host: null }, limits);
  return 'refused' in reading ? reading.refused : 'it was read';
}

const push = (target: object, more: object = {}) => ({ action: 'push', target, ...more });
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

describe('samples of every kind', () => {
  test.each(DELIVERY_SAMPLES)('$kind, $format', ({ kind, host, document, events }) => {
    const delivery = read(kind, document, { host });
    expect(delivery.events).toEqual(events.map((event) => ({ registry: 'r', ...event })));
    expect(delivery.flaws).toEqual([]);
  });
  test('no kind is without one', () => {
    expect([...new Set(DELIVERY_SAMPLES.map(({ kind }) => kind))].toSorted()).toEqual(REGISTRY_KINDS);
  });
  test('pulls and blobs are counted', () => {
    expect(read('distribution', DELIVERY_SAMPLES[0]!.document).ignored).toEqual({ pull: 1, blob: 1, other: 0 });
  });
});

describe('hostile names', () => {
  const names = [
    '../etc/passwd',
    'team/../app',
    'team//app',
    '/team/app',
    'team/app/',
    'Team/App',
    'team/app:1',
    'team/app@sha256:1',
    'evil.example.org:5000/app?x',
    'a\u0000b',
    'a\nb',
    'ä',
    '',
    ' ',
    `${'a/'.repeat(LIMITS.repositoryNameLength >> 1)}aa`,
    42,
    null,
    ['team/app'],
    { toString: 'team/app' },
  ];
  test.each(names)('%j is no repository', (repository) => {
    const delivery = read('distribution', { events: [push({ repository, mediaType: MANIFEST, digest: DIGEST })] });
    expect(delivery).toMatchObject({ events: [], flawCount: 1 });
  });
  test.each(['a', 'team/app', 'a.b/c_d/e__f/g--h', 'registry.example.org/x', 'a'.repeat(LIMITS.repositoryNameLength)])(
    '%s is one',
    (name) => {
      const delivery = read('distribution', { events: [push({ repository: name, tag: 'x' })] });
      expect(delivery.events).toMatchObject([{ repository: name, tag: 'x', digest: null }]);
    },
  );
  test('a tag or digest that is none is told and not taken', () => {
    const target = { repository: 'app', tag: '../x', digest: 'sha256:nope', mediaType: MANIFEST };
    expect(read('distribution', { events: [push(target)] })).toMatchObject({ events: [], flawCount: 3 });
    expect(read('distribution', { events: [push({ ...target, digest: DIGEST })] })).toMatchObject({
      events: [{ tag: null, digest: DIGEST }],
      flaws: ['events[0]: "../x" is no tag'],
    });
    expect(read('distribution', { events: [push({ ...target, tag: 'a'.repeat(129) })] }).events).toEqual([]);
    expect(read('distribution', { events: [push({ ...target, tag: 'a'.repeat(128) })] }).events).toHaveLength(1);
  });
  test('ids and times are bounded, and only what they say they are', () => {
    const event = (id: unknown, timestamp: unknown) => push({ repository: 'app', tag: '1' }, { id, timestamp });
    const cases = [
      ['a'.repeat(LIMITS.eventIdLength), '2026-01-01T00:00:00Z'],
      ['a'.repeat(LIMITS.eventIdLength + 1), 'yesterday'],
      ['a\u001b[31m', 1e300],
      [{}, -1],
      [7, []],
    ];
    const { events } = read('distribution', { events: cases.map(([id, time]) => event(id, time)) });
    expect(events.map(({ eventId }) => eventId)).toEqual([cases[0]![0], null, null, null, null]);
    expect(events.map(({ occurredAt }) => occurredAt)).toEqual(['2026-01-01T00:00:00Z', null, null, null, null]);
  });
});

describe('lies', () => {
  test('of two digests that differ neither counts', () => {
    const container = DELIVERY_SAMPLES.find(({ kind }) => kind === 'ghcr')!.document as Record<string, object>;
    const twisted = JSON.parse(JSON.stringify(container).replace(DIGEST, `sha256:${'0'.repeat(64)}`));
    expect(read('ghcr', twisted)).toMatchObject({ events: [{ tag: 'v1', digest: null }], flawCount: 1 });
  });
  test('an ECR event of another account or region is not of this registry', () => {
    const { document } = DELIVERY_SAMPLES.find(({ kind }) => kind === 'ecr')!;
    for (const host of [
      '123456789013.dkr.ecr.us-west-2.amazonaws.com',
      '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
      'registry.example.org',
    ]) {
      expect(read('ecr', document, { host })).toMatchObject({ events: [], flawCount: 1 });
    }
    expect(read('ecr', document, { host: '123456789012.dkr-ecr.us-west-2.on.aws' }).events).toHaveLength(1);
  });
  test('a key written twice counts once, and a prototype is no field', () => {
    const body =
      '{"repository":"team/app","repository":"../x","updated_tags":["1"],"__proto__":{"updated_tags":["2"]}}';
    expect(read('quay', body)).toMatchObject({ events: [], flawCount: 1 });
    expect(read('harbor', { type: 'constructor' })).toMatchObject({ events: [], ignored: { other: 1 } });
    expect(read('quay', '{"__proto__":{"updated_tags":["2"]},"repository":"a"}')).toMatchObject({
      events: [],
      ignored: { other: 1 },
    });
  });
});

describe('what is no push of an image', () => {
  test.each<[RegistryKind, unknown, object]>([
    ['distribution', { events: [{ action: 'mount', target: {} }] }, { blob: 1 }],
    ['distribution', { events: [{ action: 'rename', target: {} }] }, { other: 1 }],
    ['harbor', { type: 'PULL_ARTIFACT', event_data: {} }, { pull: 1 }],
    ['harbor', { type: 'SCANNING_COMPLETED', event_data: {} }, { other: 1 }],
    ['harbor', { specversion: '1.0', type: 'harbor.artifact.pulled' }, { pull: 1 }],
    ['ghcr', { zen: 'Keep it logically awesome.', hook_id: 1 }, { other: 1 }],
    ['ghcr', { action: 'published', package: { package_version: { version: '1.0.0' } } }, { other: 1 }],
    ['ecr', { source: 'aws.ec2', 'detail-type': 'EC2 Instance State-change Notification', detail: {} }, { other: 1 }],
    [
      'ecr',
      { Type: 'SubscriptionConfirmation', TopicArn: 'arn', SubscribeURL: 'http://169.254.169.254/' },
      { other: 1 },
    ],
    ['quay', { repository: 'a/b', build_id: 'x', docker_tags: ['latest'] }, { other: 1 }],
    ['acr', { action: 'ping', target: {}, request: {} }, { other: 1 }],
    ['acr', { action: 'chart_push', target: { repository: 'a', tag: '1' } }, { other: 1 }],
  ])('%s %j', (kind, body, ignored) => {
    const none = { pull: 0, blob: 0, other: 0 };
    expect(read(kind, body)).toMatchObject({ events: [], ignored: { ...none, ...ignored }, flawCount: 0 });
  });
  test('a deleted artifact of Harbor is one with all its tags, whichever the event names', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const event_data = { repository: { repo_full_name: 'team/app' }, resources: [{ tag: 'v1', digest }] };
    expect(read('harbor', { type: 'DELETE_ARTIFACT', event_data }).events).toMatchObject([
      { action: 'delete', repository: 'team/app', tag: null, digest },
    ]);
  });
  test('a failed push is none, and a deletion is one', () => {
    const { document } = DELIVERY_SAMPLES.find(({ kind }) => kind === 'ecr')!;
    const { detail, ...rest } = document as { detail: object };
    expect(read('ecr', { ...rest, detail: { ...detail, result: 'FAILURE' } })).toMatchObject({ ignored: { other: 1 } });
    expect(read('ecr', { ...rest, detail: { ...detail, 'action-type': 'DELETE' } }).events).toMatchObject([
      { action: 'delete' },
    ]);
  });
});

describe('of the wrong shape', () => {
  test.each(REGISTRY_KINDS)('%s: an empty object is no push, and says so', (kind) => {
    const { events, ignored, flawCount } = read(kind, {});
    expect(events).toEqual([]);
    expect(ignored.other + flawCount).toBe(1);
  });
  test.each([
    ['', 'it is no JSON in UTF-8'],
    ['{"events":[', 'it is no JSON in UTF-8'],
    ['null', 'it is null, not an object'],
    ['[]', 'it is a list, not an object'],
    ['"x"', 'it is "x", not an object'],
  ])('%j is refused', (body, reason) => {
    for (const kind of REGISTRY_KINDS) expect(refusal(kind, body)).toBe(reason);
  });
  test('bytes that are no UTF-8 are refused', () => {
    const bytes = Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    expect(readDelivery(bytes, { registry: 'r', kind: 'quay', host: null }, LIMITS)).toHaveProperty('refused');
  });
  test('JSON in JSON is bounded as what is around it', () => {
    const sns = (message: unknown) => ({ Type: 'Notification', TopicArn: 'arn', Message: message });
    expect(refusal('ecr', sns(7))).toBe('its SNS notification has no message');
    expect(refusal('ecr', sns('{'))).toContain('of the message that SNS carries: it is no JSON');
    expect(refusal('ecr', sns('['.repeat(65)))).toContain('deliveryNesting');
    // One level: an envelope in an envelope is no event.
    expect(read('ecr', sns(JSON.stringify(sns('{}'))))).toMatchObject({ events: [], ignored: { other: 1 } });
  });
});

describe('limits, at them and past them', () => {
  const quay = (count: number) => ({ repository: 'a', updated_tags: Array.from({ length: count }, (_, i) => `t${i}`) });

  test('deliveryBytes', () => {
    const body = JSON.stringify(quay(1));
    expect(read('quay', body, {}, { ...LIMITS, deliveryBytes: body.length }).events).toHaveLength(1);
    expect(refusal('quay', body, { ...LIMITS, deliveryBytes: body.length - 1 })).toContain('deliveryBytes');
  });
  test('deliveryNesting', () => {
    const nested = (depth: number) =>
      `{"repository":"a","updated_tags":["1"],"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(read('quay', nested(LIMITS.deliveryNesting - 1)).events).toHaveLength(1);
    expect(refusal('quay', nested(LIMITS.deliveryNesting))).toContain('deliveryNesting');
  });
  test('deliveryValues', () => {
    const limits = { ...LIMITS, deliveryValues: 12 };
    expect(read('quay', quay(9), {}, limits).events).toHaveLength(9);
    expect(refusal('quay', quay(10), limits)).toContain('deliveryValues');
  });
  test.each<[RegistryKind, (count: number) => unknown]>([
    ['quay', quay],
    ['distribution', (count) => ({ events: Array.from({ length: count }, () => push({ repository: 'a', tag: 'x' })) })],
    [
      'harbor',
      (count) => ({
        type: 'PUSH_ARTIFACT',
        event_data: {
          repository: { repo_full_name: 'a' },
          resources: Array.from({ length: count }, () => ({ tag: 'x' })),
        },
      }),
    ],
  ])('deliveryEvents of %s', (kind, body) => {
    const limits = { ...LIMITS, deliveryEvents: 5 };
    expect(read(kind, body(5), {}, limits)).toMatchObject({ flawCount: 0, events: { length: 5 } });
    const past = read(kind, body(6), {}, limits);
    expect(past.events).toHaveLength(5);
    expect(past.flaws.join()).toContain('deliveryEvents');
  });
  test('listedFlaws: the rest are counted', () => {
    const events = Array.from({ length: LIMITS.listedFlaws + 5 }, () => 0);
    const { flaws, flawCount } = read('distribution', { events });
    expect(flaws).toHaveLength(LIMITS.listedFlaws);
    expect(flawCount).toBe(LIMITS.listedFlaws + 5);
  });
});
