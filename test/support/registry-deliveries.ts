import type { PushEvent } from '../../services/domain/registries/push-event.ts';
import type { RegistryKind } from '../../services/domain/registries/registry-kind.ts';

/*
 * One delivery of each kind of registry and of each of its formats, made after the vendor's documentation, with what it means.
 * That of `distribution` was recorded: Debian's docker-registry 2.8.2, skopeo 1.9.3.
 */

export interface DeliverySample {
  readonly kind: RegistryKind;
  readonly format: string;
  /** What it was made after. */
  readonly source: string;
  readonly host: string;
  readonly contentType: string;
  readonly document: unknown;
  readonly events: readonly Omit<PushEvent, 'registry'>[];
}

export const DIGEST = `sha256:${'e9a32b6f0375eb9a'.repeat(4)}`;
const OTHER_DIGEST = `sha256:${'c6dbee80d3a511a4'.repeat(4)}`;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** As docker-registry 2.8.2 wrote it, its addresses made neutral. */
const recorded = (id: string, timestamp: string, action: string, target: object) => ({
  id,
  timestamp,
  action,
  target,
  request: {
    id: 'ffeb41c3-5536-4970-afa2-a207fb5222e3',
    addr: '127.0.0.1:45024',
    host: '127.0.0.1:5000',
    method: 'PUT',
    useragent: 'skopeo/1.9.3',
  },
  actor: {},
  source: { addr: 'registry:5000', instanceID: '9b1face5-1d30-4435-b595-1457e345f03f' },
});

const manifest = (more: object) => ({
  mediaType: MANIFEST,
  size: 401,
  digest: DIGEST,
  length: 401,
  repository: 'team/app',
  url: `http://127.0.0.1:5000/v2/team/app/manifests/${DIGEST}`,
  ...more,
});

const RECORDED = [
  recorded('daa3b08b-8307-4032-b2da-864a30613061', '2026-11-30T12:45:40.813141359Z', 'push', {
    mediaType: 'application/octet-stream',
    size: 126,
    digest: OTHER_DIGEST,
    length: 126,
    repository: 'team/app',
    url: `http://127.0.0.1:5000/v2/team/app/blobs/${OTHER_DIGEST}`,
  }),
  recorded('57819990-c096-4528-9e8d-e0fed5f45b07', '2026-11-30T12:45:41.009330833Z', 'push', manifest({ tag: '1.0' })),
  recorded('12fd0597-ae07-4e20-a899-5993bdb2b3d5', '2026-11-30T12:45:41.069639512Z', 'pull', manifest({ tag: '1.0' })),
  recorded('b1eeca26-076c-418e-bd79-2d2681242596', '2026-11-30T12:45:41.107074528Z', 'delete', {
    digest: DIGEST,
    repository: 'team/app',
  }),
  recorded('f4e62fe0-4c50-4482-a38c-5e1e8891b899', '2026-11-30T12:45:41.110984869Z', 'delete', {
    repository: 'team/app',
    tag: '1.0',
  }),
];

const RECORDED_EVENTS = [
  {
    action: 'push',
    repository: 'team/app',
    tag: '1.0',
    digest: DIGEST,
    eventId: '57819990-c096-4528-9e8d-e0fed5f45b07',
    occurredAt: '2026-11-30T12:45:41.009Z',
  },
  {
    action: 'delete',
    repository: 'team/app',
    tag: null,
    digest: DIGEST,
    eventId: 'b1eeca26-076c-418e-bd79-2d2681242596',
    occurredAt: '2026-11-30T12:45:41.107Z',
  },
  {
    action: 'delete',
    repository: 'team/app',
    tag: '1.0',
    digest: null,
    eventId: 'f4e62fe0-4c50-4482-a38c-5e1e8891b899',
    occurredAt: '2026-11-30T12:45:41.110Z',
  },
] as const;

const HARBOR_DATA = {
  resources: [{ digest: DIGEST, tag: 'v2', resource_url: 'harbor.example.org/library/busybox:v2' }],
  repository: {
    date_created: 1_677_053_165,
    name: 'busybox',
    namespace: 'library',
    repo_full_name: 'library/busybox',
    repo_type: 'private',
  },
};

const EVENTBRIDGE = {
  version: '0',
  id: '13cde686-328b-6117-af20-0e5566167482',
  'detail-type': 'ECR Image Action',
  source: 'aws.ecr',
  account: '123456789012',
  time: '2019-11-16T01:54:34Z',
  region: 'us-west-2',
  resources: [],
  detail: {
    result: 'SUCCESS',
    'repository-name': 'shop/api',
    'image-digest': DIGEST,
    'action-type': 'PUSH',
    'image-tag': 'latest',
  },
};

const EVENTBRIDGE_PUSH = {
  action: 'push',
  repository: 'shop/api',
  tag: 'latest',
  digest: DIGEST,
  eventId: '13cde686-328b-6117-af20-0e5566167482',
  occurredAt: '2019-11-16T01:54:34Z',
} as const;

const githubPackage = {
  id: 10_696,
  name: 'hello/world',
  namespace: 'Codertocat',
  ecosystem: 'CONTAINER',
  package_type: 'CONTAINER',
  owner: { login: 'Codertocat', id: 21_031_067, type: 'User' },
  package_version: {
    id: 57_755_790,
    version: DIGEST,
    name: DIGEST,
    created_at: '2023-05-09T23:28:29Z',
    updated_at: '2023-05-09T23:28:30Z',
    container_metadata: {
      tag: { name: 'v1', digest: DIGEST },
      labels: { source: 'https://github.com/Codertocat/hello' },
      manifest: { digest: DIGEST, media_type: MANIFEST, uri: `repositories/codertocat/hello/manifests/${DIGEST}` },
    },
    package_url: 'ghcr.io/Codertocat/hello/world:v1',
  },
  registry: {
    name: 'GitHub CONTAINER registry',
    type: 'CONTAINER',
    url: 'https://CONTAINER.pkg.github.com/Codertocat',
  },
};

const GITHUB_PUSH = {
  action: 'push',
  repository: 'codertocat/hello/world',
  tag: 'v1',
  digest: DIGEST,
  eventId: null,
  occurredAt: '2023-05-09T23:28:30Z',
} as const;

const JSON_TYPE = 'application/json';
const ECR_HOST = '123456789012.dkr.ecr.us-west-2.amazonaws.com';

export const DELIVERY_SAMPLES: readonly DeliverySample[] = [
  {
    kind: 'distribution',
    format: 'envelope',
    source: 'recorded',
    host: 'registry.example.org:5000',
    contentType: 'application/vnd.docker.distribution.events.v1+json',
    document: { events: RECORDED },
    events: RECORDED_EVENTS,
  },
  {
    kind: 'gitlab',
    format: 'envelope',
    source:
      'https://docs.gitlab.com/administration/packages/container_registry/#configure-container-registry-notifications',
    host: 'registry.gitlab.example.org',
    contentType: 'application/vnd.docker.distribution.events.v2+json',
    document: { events: RECORDED.slice(1, 2) },
    events: RECORDED_EVENTS.slice(0, 1),
  },
  {
    kind: 'harbor',
    format: 'default',
    source: 'https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/',
    host: 'harbor.example.org',
    contentType: JSON_TYPE,
    document: { type: 'PUSH_ARTIFACT', occur_at: 1_678_082_923, operator: 'admin', event_data: HARBOR_DATA },
    events: [
      {
        action: 'push',
        repository: 'library/busybox',
        tag: 'v2',
        digest: DIGEST,
        eventId: null,
        occurredAt: '2023-03-06T06:08:43Z',
      },
    ],
  },
  {
    kind: 'harbor',
    format: 'CloudEvents',
    source: 'https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/',
    host: 'harbor.example.org',
    contentType: 'application/cloudevents+json',
    document: {
      specversion: '1.0',
      requestid: '2eedfab8-61d3-4f3c-8ec3-8f82d1ec4c84',
      id: '4b2f89a6-548d-4c12-9993-a1f5790b97d2',
      source: '/projects/1/webhook/policies/3',
      type: 'harbor.artifact.deleted',
      datacontenttype: 'application/json',
      time: '2023-03-06T06:08:43Z',
      data: { ...HARBOR_DATA, resources: [{ digest: DIGEST, tag: DIGEST }] },
      operator: 'admin',
    },
    events: [
      {
        action: 'delete',
        repository: 'library/busybox',
        tag: null,
        digest: DIGEST,
        eventId: '4b2f89a6-548d-4c12-9993-a1f5790b97d2',
        occurredAt: '2023-03-06T06:08:43Z',
      },
    ],
  },
  {
    kind: 'ghcr',
    format: 'package',
    source: 'https://docs.github.com/en/webhooks/webhook-events-and-payloads#package',
    host: 'ghcr.io',
    contentType: JSON_TYPE,
    document: { action: 'published', package: githubPackage, repository: { full_name: 'Codertocat/hello' } },
    events: [GITHUB_PUSH],
  },
  {
    kind: 'ghcr',
    format: 'registry_package',
    source: 'https://docs.github.com/en/webhooks/webhook-events-and-payloads#registry_package',
    host: 'ghcr.io',
    contentType: JSON_TYPE,
    document: { action: 'updated', registry_package: githubPackage, repository: { full_name: 'Codertocat/hello' } },
    events: [GITHUB_PUSH],
  },
  {
    kind: 'ecr',
    format: 'EventBridge',
    source: 'https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html',
    host: ECR_HOST,
    contentType: 'application/json; charset=utf-8',
    document: EVENTBRIDGE,
    events: [EVENTBRIDGE_PUSH],
  },
  {
    kind: 'ecr',
    format: 'SNS',
    source: 'https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html',
    host: ECR_HOST,
    contentType: 'text/plain; charset=UTF-8',
    document: {
      Type: 'Notification',
      MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
      TopicArn: 'arn:aws:sns:us-west-2:123456789012:images',
      Message: JSON.stringify(EVENTBRIDGE),
      Timestamp: '2019-11-16T01:54:35.000Z',
      SignatureVersion: '2',
      Signature: 'AAAA',
      SigningCertURL:
        'https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem',
      UnsubscribeURL:
        'https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-west-2:1:images:1',
    },
    events: [EVENTBRIDGE_PUSH],
  },
  {
    kind: 'quay',
    format: 'repo_push',
    source: 'https://docs.redhat.com/en/documentation/red_hat_quay/3/html/use_red_hat_quay/repository_notifications',
    host: 'quay.example.org',
    contentType: JSON_TYPE,
    document: {
      name: 'repository',
      repository: 'shop/api',
      namespace: 'shop',
      docker_url: 'quay.example.org/shop/api',
      homepage: 'https://quay.example.org/repository/shop/api',
      updated_tags: ['latest', '1.4'],
    },
    events: ['latest', '1.4'].map((tag) => {
      return { action: 'push', repository: 'shop/api', tag, digest: null, eventId: null, occurredAt: null } as const;
    }),
  },
  {
    kind: 'acr',
    format: 'push',
    source: 'https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference#push-event',
    host: 'shop.azurecr.io',
    contentType: JSON_TYPE,
    document: {
      id: 'cb8c3971-9adc-488b-9bd1-43cbb4974ff5',
      timestamp: '2017-11-17T16:52:01.343145347Z',
      action: 'push',
      target: {
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        size: 524,
        digest: DIGEST,
        length: 524,
        repository: 'hello-world',
        tag: 'v1',
      },
      request: {
        id: '3cbb6949-7549-4fa1-86cd-a6d5451dffc7',
        host: 'shop.azurecr.io',
        method: 'PUT',
        useragent: 'docker/17.09.0-ce',
      },
    },
    events: [
      {
        action: 'push',
        repository: 'hello-world',
        tag: 'v1',
        digest: DIGEST,
        eventId: 'cb8c3971-9adc-488b-9bd1-43cbb4974ff5',
        occurredAt: '2017-11-17T16:52:01.343Z',
      },
    ],
  },
  {
    kind: 'docker-hub',
    format: 'push',
    source: 'https://docs.docker.com/docker-hub/repos/manage/webhooks/#example-webhook-payload',
    host: 'docker.io',
    contentType: JSON_TYPE,
    document: {
      callback_url: 'https://registry.hub.docker.com/u/shop/api/hook/2141b5bi5i5b02bec211i4eeih0242eg11000a/',
      push_data: { pushed_at: 1_417_566_161, pusher: 'trustedbuilder', tag: 'latest' },
      repository: {
        comment_count: 0,
        date_created: 1_417_494_799,
        is_private: true,
        name: 'api',
        namespace: 'shop',
        owner: 'shop',
        repo_name: 'shop/api',
        repo_url: 'https://registry.hub.docker.com/u/shop/api/',
        status: 'Active',
      },
    },
    events: [
      {
        action: 'push',
        repository: 'shop/api',
        tag: 'latest',
        digest: null,
        eventId: null,
        occurredAt: '2014-12-03T00:22:41Z',
      },
    ],
  },
];
