import { messageOf } from '../../domain/errors.ts';
import { asArray, asObject, type JsonObject, parseJsonObject, stringOr } from '../../domain/image/json.ts';
import type { Limits } from '../../domain/limits.ts';
import { EngineFailure } from './engine-failure.ts';

/** What `read` makes of the answer, a JSON object. Anything that is not as it should be raises EngineFailure. */
export function readAnswer<Answer>(output: Uint8Array, read: (document: JsonObject) => Answer): Answer {
  if (output.length === 0) throw new EngineFailure('it ended well and said nothing');
  try {
    return read(parseJsonObject(output, 'its answer'));
  } catch (cause) {
    if (cause instanceof EngineFailure) throw cause;
    throw new EngineFailure(messageOf(cause), { cause });
  }
}

/** The objects of one list, within the limit `packages`. */
export function objectsOf(value: unknown, what: string, { packages }: Pick<Limits, 'packages'>): JsonObject[] {
  const list = asArray(value, what);
  if (list.length > packages) throw new EngineFailure(`${what} is longer than ${packages} (packages)`);
  return list.map((item) => asObject(item, `an entry of ${what}`));
}

export function text(value: unknown): string | null {
  return stringOr(value, null) || null;
}

/** As reports write paths: from the root of the image or directory, with no leading slash. */
export function reportPath(path: string): string {
  return path.replace(/^(?:\.?\/+)+/, '');
}
