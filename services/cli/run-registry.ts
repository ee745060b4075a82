import picocolors from 'picocolors';
import { PlimsollError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Delivery } from '../domain/registries/push-event.ts';
import { readDelivery } from '../domain/registries/read-delivery.ts';
import type { RegistryKind } from '../domain/registries/registry-kind.ts';
import { printable } from './printable.ts';
import { readDocument } from './read-document.ts';
import { readRegistriesFile } from './registries-file.ts';
import { tableOptions } from './render-table.ts';
import type { Session } from './session.ts';
import { layTable } from './table.ts';

export interface DecodeOptions {
  readonly kind: RegistryKind;
  readonly host?: string;
  readonly json?: boolean;
}

/** `plimsoll registry decode`. Raises USAGE, DELIVERY_INVALID. */
export function runRegistryDecode(session: Session, file: string, options: DecodeOptions): void {
  const { text } = readDocument(file === '-' ? '/dev/stdin' : file, LIMITS.deliveryBytes);
  const source = { registry: options.kind, kind: options.kind, host: options.host ?? null };
  const reading = readDelivery(new TextEncoder().encode(text), source, LIMITS);
  if ('refused' in reading) {
    throw new PlimsollError('DELIVERY_INVALID', `${file} is no delivery of ${options.kind}: ${reading.refused}`);
  }
  if (options.json) {
    session.stdout.write(`${JSON.stringify(reading.delivery, null, 2)}\n`);
    return;
  }
  const { width, colour } = tableOptions(session.stdout, session.environment);
  const lines = renderDelivery(reading.delivery, width, picocolors.createColors(colour).bold);
  session.stdout.write(`${lines.join('\n')}\n`);
}

/** `plimsoll registry list`. Raises USAGE, SETTINGS_INVALID. */
export async function runRegistryList(session: Session, file: string): Promise<void> {
  const registrations = await readRegistriesFile(file);
  const { width, colour } = tableOptions(session.stdout, session.environment);
  const columns = ['ID', 'KIND', 'HOST', 'METHOD', 'REPOSITORIES'].map((header) => ({
    header,
    overflow: 'wrap' as const,
  }));
  const rows = [...registrations.values()].map(({ id, kind, host, scheme, webhook, repositories }) =>
    [id, kind, scheme === 'http' ? `http://${host}` : host, webhook.method, repositories.join(' ')].map((text) => ({
      text,
    })),
  );
  session.stdout.write(`${layTable(columns, rows, width, picocolors.createColors(colour).bold).join('\n')}\n`);
}

function renderDelivery(delivery: Delivery, width: number, bold: (text: string) => string): string[] {
  const columns = ['ACTION', 'WHEN', 'REPOSITORY', 'TAG', 'DIGEST'].map((header) => {
    return { header, overflow: 'wrap' as const };
  });
  const rows = delivery.events.map(({ action, repository, tag, digest, occurredAt }) =>
    [action, occurredAt ?? '', repository, tag ?? '', digest ?? ''].map((text) => ({ text })),
  );
  const { pull, blob, other } = delivery.ignored;
  const ignored = [
    pull > 0 && `${pull} of pulls`,
    blob > 0 && `${blob} of layers`,
    other > 0 && `${other} of other kinds`,
  ];
  const unlisted = delivery.flawCount - delivery.flaws.length;
  return [
    ...(rows.length > 0 ? layTable(columns, rows, width, bold) : ['No push and no deletion of an image.']),
    ...(ignored.some(Boolean) ? [`Events that are ignored: ${ignored.filter(Boolean).join(', ')}`] : []),
    ...delivery.flaws.map((flaw) => `Left out: ${printable(flaw)}`),
    ...(unlisted > 0 ? [`Left out: ${unlisted} more`] : []),
  ];
}
