import { PlimsollError } from '../domain/errors.ts';
import { admissionPolicies } from './open-admission-policies.ts';
import { openServerJudge } from './open-server-judge.ts';
import { readRegistriesFile } from './registries-file.ts';
import { type ServeCommandOptions, serverSettings } from './server-settings-file.ts';
import type { ServeRole, Session } from './session.ts';

/** `plimsoll serve`, `api`, `worker`, `webhooks` and `admission serve`: until a signal, then until what was begun is done. */
export async function runServe(session: Session, role: ServeRole, options: ServeCommandOptions): Promise<void> {
  const settings = await serverSettings(session, options);
  const { file } = settings.registries;
  const registrations = file === undefined ? new Map() : await readRegistriesFile(file);
  const { admission } = settings;
  if (role === 'admission' && admission === undefined) {
    throw new PlimsollError('SETTINGS_INVALID', 'The settings have no section "admission": see docs/admission.md.');
  }
  const judge = await openServerJudge(session, settings.scan);
  const judgesReviews = role === 'admission' || role === 'serve';
  try {
    const stopped = new Promise<void>((resolve) => {
      session.onStop(() => resolve());
    });
    const server = await session.serve({
      role,
      settings,
      registrations,
      admissionPolicies:
        admission === undefined || !judgesReviews ? null : admissionPolicies(session, settings.scan, admission),
      judge,
    });
    await stopped;
    await server.stop();
  } finally {
    await judge.close();
  }
}
