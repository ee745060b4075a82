import { z } from 'zod';
import { factsFlaw, type PartKind } from '../../domain/layers/check-facts.ts';
import { analyzerPart, FactsBudget, fileListsPart, inventoryPart, OUTLINE_PART } from '../../domain/layers/facts.ts';
import type { Limits } from '../../domain/limits.ts';
import type { LayerJob } from '../../pipeline/layer-ports.ts';
import { HEADER_BYTES, PART, PROGRESS, READING } from './frames.ts';
import { saysTooMuch } from './held-facts.ts';
import type { Failure } from './lane.ts';

/** What a process says of its layer, in form as it should be; whether it is true only the process knows. */
export interface Answer {
  readonly parts: ReadonlyMap<string, Uint8Array>;
  /** Uncompressed bytes. */
  readonly bytes: number;
  readonly entries: number;
  readonly failure: Failure | null;
}

/** A part whose bytes are coming. */
interface FillingPart {
  readonly bytes: Uint8Array;
  filled: number;
}

interface ExpectedPart {
  readonly kind: PartKind;
  readonly analyzerId: string | null;
  readonly isRequired: boolean;
}

/** What the process says that cannot be, or is too much: why nothing of it is believed. */
export class AnswerRefused extends Error {
  override readonly name = 'AnswerRefused';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

function refused(why: string, code: Failure['code'] = 'layer-unreadable'): AnswerRefused {
  return new AnswerRefused({
    code,
    message: `the layer could not be read: its process said what cannot be (${why})`,
  });
}

const count = z.int().nonnegative();
const progressMessage = z.strictObject({ readBytes: count, entries: count });
const partMessage = z.strictObject({ part: z.string(), length: count });
const readingMessage = z.strictObject({
  bytes: count,
  entries: count,
  failure: z
    .strictObject({
      code: z.enum(['layer-unreadable', 'layer-missing', 'layer-digest-mismatch', 'limit-reached']),
      message: z.string(),
    })
    .nullable(),
});

/** The parts that a job may be answered with, by name; a name is what facts are kept under. */
function partsOf({ analyzers, inventory, extra }: LayerJob): Map<string, ExpectedPart> {
  const parts = new Map<string, ExpectedPart>();
  parts.set(OUTLINE_PART, { kind: 'outline', analyzerId: null, isRequired: true });
  if (extra === null) {
    parts.set(inventoryPart(inventory === 'full'), { kind: 'inventory', analyzerId: null, isRequired: true });
  }
  for (const analyzer of analyzers) {
    parts.set(analyzerPart(analyzer), { kind: 'analysis', analyzerId: analyzer.id, isRequired: true });
    parts.set(fileListsPart(analyzer), { kind: 'file-lists', analyzerId: analyzer.id, isRequired: false });
  }
  return parts;
}

/** Takes what a process writes, in pieces of any size, and believes nothing of it. */
export class AnswerReader {
  readonly #expected: Map<string, ExpectedPart>;
  readonly #limits: Limits;
  readonly #budget: FactsBudget;
  readonly #onProgress: (progress: z.infer<typeof progressMessage>) => void;
  readonly #parts = new Map<string, Uint8Array>();
  /** Room for the longest message and its header: a process that writes byte by byte costs no more than one that does not. */
  readonly #message: Buffer;
  /** How much of the header or the message has come. */
  #begun = 0;
  #filling: FillingPart | null = null;
  #messages = 0;

  constructor(job: LayerJob, limits: Limits, onProgress: (progress: z.infer<typeof progressMessage>) => void) {
    this.#expected = partsOf(job);
    this.#limits = limits;
    this.#budget = new FactsBudget(limits);
    this.#onProgress = onProgress;
    this.#message = Buffer.alloc(HEADER_BYTES + limits.layerProcessMessageBytes);
  }

  /** The answer, once it is there; what follows it is nobody's. Raises AnswerRefused. */
  push(piece: Uint8Array): Answer | null {
    for (let rest = piece; rest.length > 0; ) {
      if (this.#filling !== null) {
        rest = this.#fill(this.#filling, rest);
        continue;
      }
      const { payload, taken } = this.#collect(rest);
      rest = rest.subarray(taken);
      if (payload === null) continue;
      const answer = this.#hear(payload.kind, payload.document);
      if (answer !== null) return answer;
    }
    return null;
  }

  #fill(filling: FillingPart, rest: Uint8Array): Uint8Array {
    const part = rest.subarray(0, filling.bytes.length - filling.filled);
    filling.bytes.set(part, filling.filled);
    filling.filled += part.length;
    if (filling.filled === filling.bytes.length) this.#filling = null;
    return rest.subarray(part.length);
  }

  /** Collects a header and its message; how much of `rest` it took. */
  #collect(rest: Uint8Array): { payload: { kind: number; document: unknown } | null; taken: number } {
    const piece = rest.subarray(0, this.#wanted() - this.#begun);
    this.#message.set(piece, this.#begun);
    this.#begun += piece.length;
    const length = this.#wanted();
    if (this.#begun < length) return { payload: null, taken: piece.length };
    const kind = this.#message[0]!;
    const text = this.#message.toString('utf8', HEADER_BYTES, length);
    this.#begun = 0;
    this.#messages += 1;
    const { layerProcessMessages: most } = this.#limits;
    if (this.#messages > most) throw refused(`more than ${most} messages (layerProcessMessages)`, 'limit-reached');
    try {
      return { payload: { kind, document: JSON.parse(text) }, taken: piece.length };
    } catch {
      throw refused('a message that is no JSON');
    }
  }

  /** Bytes of the header, or of the header and the message, as soon as that is known. */
  #wanted(): number {
    if (this.#begun < HEADER_BYTES) return HEADER_BYTES;
    const length = this.#message.readUInt32LE(1);
    const { layerProcessMessageBytes: most } = this.#limits;
    if (length > most)
      throw refused(`a message of more than ${most} bytes (layerProcessMessageBytes)`, 'limit-reached');
    return HEADER_BYTES + length;
  }

  #hear(kind: number, document: unknown): Answer | null {
    if (kind === PROGRESS) this.#onProgress(valid(progressMessage, document));
    else if (kind === PART) this.#announce(valid(partMessage, document));
    else if (kind === READING) return this.#answer(valid(readingMessage, document));
    else throw refused('a message of no kind');
    return null;
  }

  #announce({ part, length }: z.infer<typeof partMessage>): void {
    if (!this.#expected.has(part) || this.#parts.has(part)) throw refused('facts that were not asked for');
    const limit = this.#budget.take([[part, { length }]]);
    if (limit !== null) throw new AnswerRefused(saysTooMuch(limit, this.#limits));
    const bytes = new Uint8Array(length);
    this.#parts.set(part, bytes);
    if (length > 0) this.#filling = { bytes, filled: 0 };
  }

  #answer({ bytes, entries, failure }: z.infer<typeof readingMessage>): Answer {
    for (const [part, { kind, analyzerId, isRequired }] of this.#expected) {
      const content = this.#parts.get(part);
      if (content === undefined) {
        if (isRequired && failure === null) throw refused('it left out facts');
        continue;
      }
      const flaw = factsFlaw(kind, analyzerId, content, this.#limits);
      if (flaw !== null)
        throw refused(`${part}: ${flaw.message}`, flaw.limit === null ? 'layer-unreadable' : 'limit-reached');
    }
    return { parts: this.#parts, bytes, entries, failure };
  }
}

function valid<T>(schema: z.ZodType<T>, document: unknown): T {
  const { data, success } = schema.safeParse(document);
  if (!success) throw refused('a message that is not as it should be');
  return data;
}
