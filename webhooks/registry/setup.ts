import type { Registration } from '../../services/domain/registries/registration.ts';
import { HOOKS } from './hooks.ts';

/** What to enter in a registry, as lines for people. `base` is where Plimsoll is reached: https://HOST[/PATH]. */
export function setupLines(registration: Registration, secret: string | null, base: string): readonly string[] {
  const { kind, id, webhook } = registration;
  const token = webhook.method === 'path' && secret !== null ? `/${secret}` : '';
  const url = `${base.replace(/\/+$/, '')}/webhooks/registry/${kind}/${id}${token}`;
  return HOOKS[kind].instructions({ registration, url, secret });
}
