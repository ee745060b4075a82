import type { Dispatcher } from 'undici';
import { PlimsollError } from '../../domain/errors.ts';

export type Response = Dispatcher.ResponseData;

/** So much of a body that nobody wants is read, to keep its connection. */
const DISCARDED_BYTES = 64 * 2 ** 10;
const MESSAGE_CHARACTERS = 200;

export function headerOf({ headers }: Pick<Response, 'headers'>, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

export async function discard({ body }: Response): Promise<void> {
  await body.dump({ limit: DISCARDED_BYTES }).catch(() => {});
}

/** The whole body. LIMIT_EXCEEDED with the limit's name past `maxBytes`. */
export async function wholeBody(
  { body, headers }: Response,
  maxBytes: number,
  limit: string,
  what: string,
): Promise<Buffer> {
  const tooLarge = (): PlimsollError =>
    new PlimsollError('LIMIT_EXCEEDED', `${what} has more than ${maxBytes} bytes (${limit})`, { details: { limit } });
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    if (Number(headerOf({ headers }, 'content-length')) > maxBytes) throw tooLarge();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    body.on('error', () => {}).destroy();
    throw error;
  }
  return Buffer.concat(chunks);
}

/**
 * What a registry says of why it refuses, for a message (distribution spec, "Error Codes"); empty where it says nothing, or
 * repeats one of `secrets`.
 */
export async function saidReason(response: Response, secrets: Iterable<string>): Promise<string> {
  let said: { errors?: unknown; details?: unknown; error_description?: unknown };
  try {
    said = JSON.parse((await wholeBody(response, DISCARDED_BYTES, 'registryAnswerBytes', 'an error')).toString('utf8'));
  } catch {
    return '';
  }
  const first = Array.isArray(said?.errors) ? (said.errors[0] as { code?: unknown; message?: unknown } | null) : null;
  const texts = [first?.code, first?.message, said?.details, said?.error_description];
  const text = texts.filter((each) => typeof each === 'string' && each !== '').join(': ');
  for (const secret of secrets) if (secret !== '' && text.includes(secret)) return '';
  return text === '' ? '' : `: ${text.slice(0, MESSAGE_CHARACTERS)}`;
}
