import { printable } from './printable.ts';
import { type ServeCommandOptions, serverSettings } from './server-settings-file.ts';
import type { Session } from './session.ts';
import { counted } from './wording.ts';

export interface RetentionOptions extends Pick<ServeCommandOptions, 'config' | 'data'> {
  readonly json?: boolean;
}

/** `plimsoll registry retention`: what would go, and nothing goes. */
export async function runRegistryRetention(session: Session, { json, ...options }: RetentionOptions): Promise<void> {
  const settings = await serverSettings(session, options);
  const rules = settings.retention.images;
  const store = await session.store(settings, (message) => session.stderr.write(`plimsoll: ${message}\n`));
  try {
    const expiring = await store.expiring(rules);
    const say = (line: string): void => void session.stdout.write(`${line}\n`);
    if (json) return say(JSON.stringify(expiring));
    for (const { digest, reference, because } of expiring) {
      say(printable(`${digest}  ${reference}`));
      for (const reason of because) say(printable(`  ${reason}`));
    }
    say(`${counted(rules.length, 'rule')}: ${counted(expiring.length, 'image')} would go`);
  } finally {
    await store.close();
  }
}
