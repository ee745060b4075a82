import { openServerJudge } from './open-server-judge.ts';
import { readRegistriesFile } from './registries-file.ts';
import { type ServeCommandOptions, serverSettings } from './server-settings-file.ts';
import type { ServeRole, Session } from './session.ts';

/** `plimsoll serve`, `api` and `worker`: until a signal, then until what was begun is done. */
export async function runServe(session: Session, role: ServeRole, options: ServeCommandOptions): Promise<void> {
  const settings = await serverSettings(session, options);
  const { file } = settings.registries;
  const registrations = file === undefined ? new Map() : await readRegistriesFile(file);
  const judge = await openServerJudge(session, settings.scan);
  try {
    const stopped = new Promise<void>((resolve) => {
      session.onStop(() => resolve());
    });
    const server = await session.serve({ role, settings, registrations, judge });
    await stopped;
    await server.stop();
  } finally {
    await judge.close();
  }
}
