import { Databases } from './adapters/advisories/databases.ts';
import { forgetDownload } from './adapters/advisories/feed-downloads.ts';
import type { UpdateMessage } from './adapters/advisories/update-protocol.ts';
import { messageOf, PlimsollError } from './domain/errors.ts';
import { LIMITS } from './domain/limits.ts';
import { FEEDS } from './domain/vulnerabilities/feeds/registry.ts';
import type { RefreshTerms } from './pipeline/advisory-ports.ts';
import { refreshAdvisories } from './pipeline/refresh-advisories.ts';

// The composition root of the process that updates the advisory database for a server. It is told once what to do, says once
// what came of it, and ends; where its server is gone, it ends too.
if (process.send === undefined) throw new Error('update-process.ts is forked only');

const stop = new AbortController();
process.once('disconnect', () => stop.abort(new PlimsollError('CANCELLED', 'the server has let go of it')));
// Ctrl-C reaches the whole group; what that means for us is the server's to say.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
process.once('message', async (terms: RefreshTerms) => {
  const message = await update(terms);
  if (process.connected) process.send!(message, () => process.connected && process.disconnect());
});

async function update(terms: RefreshTerms): Promise<UpdateMessage> {
  const databases = new Databases(process.env);
  const updatable = {
    buildDependencies: (...[root, places]: Parameters<Databases['buildDependencies']>) => {
      return { ...databases.buildDependencies(root, places), feeds: FEEDS };
    },
    fetchFeeds: databases.fetchFeeds.bind(databases),
    status: databases.status.bind(databases),
    pull: databases.pull.bind(databases),
    forgetDownload,
  };
  try {
    const refreshed = await refreshAdvisories(terms, updatable, { limits: LIMITS, signal: stop.signal });
    return { kind: 'updated', refreshed };
  } catch (error) {
    const code = error instanceof PlimsollError ? error.code : 'INTERNAL';
    return { kind: 'failed', code, message: messageOf(error) };
  }
}
