import { expect, it } from 'vitest';
import { acceptDelivery } from './accept-delivery.ts';
import type { Job, JobRequest } from './job-ports.ts';
import type { Delivery, RegistryEvent } from './store-ports.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const push = (more: Partial<RegistryEvent> = {}): RegistryEvent => {
  return { action: 'push', repository: 'team/app', tag: 'v1', digest, at: null, ...more };
};

async function accepted(events: readonly RegistryEvent[], announce: (jobs: readonly Job[]) => Promise<void>) {
  const recorded: { delivery: Delivery; requests: readonly JobRequest[] }[] = [];
  const warnings: string[] = [];
  const delivery = { registry: 'hub', senderId: null, bodyDigest: digest, events, ignored: 0 };
  const outcome = await acceptDelivery(delivery, {
    deliveries: {
      record: async (given, requests) => {
        recorded.push({ delivery: given, requests });
        return { id: 'delivery-1', replay: false, jobs: requests.map((each) => ({ ...each, id: each.key }) as Job) };
      },
    },
    queue: { announce },
    onWarning: (message) => warnings.push(message),
  });
  return { outcome, warnings, ...recorded[0]! };
}

const silent = async (): Promise<void> => {};
const keys = async (...events: RegistryEvent[]) => (await accepted(events, silent)).requests.map(({ key }) => key);

it('asks for one scan of each image that was pushed, by what the registration is called', async () => {
  const other = `sha256:${'b'.repeat(64)}`;
  expect(await keys(push(), push({ tag: 'v2' }), push({ digest: other }))).toEqual([
    `hub/team/app@${digest}`,
    `hub/team/app@${other}`,
  ]);
  expect(await keys(push({ digest: null }))).toEqual(['hub/team/app:v1']);
  expect(await keys(push({ tag: null }))).toEqual([`hub/team/app@${digest}`]);
});

it('asks for nothing where something was deleted, or nobody says what was pushed', async () => {
  expect(await keys(push({ action: 'delete' }), push({ tag: null, digest: null }))).toEqual([]);
});

it('announces the jobs after they were recorded', async () => {
  const announced: string[] = [];
  const { outcome } = await accepted([push()], async (jobs) => {
    announced.push(...jobs.map(({ id }) => id));
  });
  expect(announced).toEqual([`hub/team/app@${digest}`]);
  expect(outcome).toMatchObject({ id: 'delivery-1', replay: false });
});

it('is accepted where the queue does not answer: the store has the jobs', async () => {
  const { outcome, warnings } = await accepted([push()], () => Promise.reject(new Error('connection refused')));
  expect(outcome.jobs).toHaveLength(1);
  expect(warnings).toEqual(['delivery delivery-1: the queue could not be told of its jobs: connection refused']);
});

it('takes no moment that is none', async () => {
  const events = ['2024-05-01T00:00:00+02:00', 'yesterday', '', null].map((at) => push({ at }));
  const { delivery } = await accepted(events, silent);
  expect(delivery.events.map(({ at }) => at)).toEqual(['2024-04-30T22:00:00.000Z', null, null, null]);
});
