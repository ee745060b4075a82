import { openStore } from '../../services/adapters/store/open-store.ts';

/*
 * A process that asks for due jobs as fast as it can, and does each that it was given at once.
 * Arguments: connection (JSON), keys (JSON), milliseconds between two turns, how long to go on.
 */

const [connection, keys, everyMs, forMs] = process.argv.slice(2).map((text) => JSON.parse(text));
const store = await openStore(connection, () => {});
const requests = (keys as string[]).map((key) => {
  return { kind: 'sweep-registry', key, payload: { registry: key }, priority: 10 } as const;
});
for (const end = Date.now() + forMs; Date.now() < end; ) {
  for (const { id } of await store.jobs.requestDue(requests, everyMs)) {
    const job = await store.jobs.begin(id, String(process.pid));
    if (job !== null) await store.jobs.settle(job, { result: {} });
  }
}
await store.close();
