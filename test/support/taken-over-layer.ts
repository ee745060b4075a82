import { readSync, writeSync } from 'node:fs';

// The process of a layer that the layer has taken over: it runs the layer's bytes as JavaScript. No imports of ours: it may read
// this folder and no other.

const [TASK, BYTES] = [1, 2];
const [PART, READING] = [2, 3];

interface Told {
  readonly job: { readonly analyzers: readonly { id: string; version: number }[]; readonly inventory: string };
}

function fill(target: Buffer): boolean {
  for (let at = 0; at < target.length; ) {
    const bytes = readSync(0, target, at, target.length - at, null);
    if (bytes === 0) return false;
    at += bytes;
  }
  return true;
}

function next(): { kind: number; payload: Buffer } | null {
  const header = Buffer.alloc(5);
  if (!fill(header)) return null;
  const payload = Buffer.alloc(header.readUInt32LE(1));
  return fill(payload) ? { kind: header[0]!, payload } : null;
}

function write(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

/** A message, with a document or with text as it is. */
function say(kind: number, document: unknown): void {
  const text = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  const header = Buffer.alloc(5);
  header[0] = kind;
  header.writeUInt32LE(text.length, 1);
  write(Buffer.concat([header, text]));
}

function part(name: string, content: unknown): void {
  const bytes = Buffer.from(content instanceof Uint8Array ? content : text(content));
  say(PART, { part: name, length: bytes.length });
  write(bytes);
}

function text(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}

const OUTLINE = { bytes: 0, entries: 0, diffId: null, whiteouts: [], opaques: [], flaws: [] };
const NOTHING = { read: [], units: [] };

const first = next();
// Nothing to do: whoever starts it only tries whether it starts.
if (first === null) process.exit();
if (first.kind !== TASK) throw new Error('no task');
const task = JSON.parse(first.payload.toString()) as Told;
const pieces: Buffer[] = [];
for (let frame = next(); frame?.kind === BYTES; frame = next()) {
  pieces.push(frame.payload);
  if (frame.payload.includes('// before the end')) break;
}

/** What an honest process says of a layer with nothing in it, but for the parts in `changes`, where null leaves one out. */
function clean(changes: Record<string, unknown> = {}, last: Record<string, unknown> = {}): void {
  const { analyzers, inventory } = task.job;
  const honest = {
    'outline@1': OUTLINE,
    [inventory === 'full' ? 'inventory-full@1' : 'inventory@1']: Buffer.alloc(8),
    ...Object.fromEntries(analyzers.map(({ id, version }) => [`${id}@${version}`, NOTHING])),
  };
  for (const [name, content] of Object.entries({ ...honest, ...changes })) if (content !== null) part(name, content);
  say(READING, { bytes: 0, entries: 0, failure: null, ...last });
}

const given = { task, say, part, clean, write, OUTLINE, NOTHING };
const AsyncFunction = (async () => {}).constructor as new (...words: string[]) => (given: unknown) => Promise<void>;
const code = `const { ${Object.keys(given).join(', ')} } = given; ${Buffer.concat(pieces)}`;
await new AsyncFunction('given', code)(given);
// A process that ends would be a gap whatever it did.
setInterval(() => {}, 1_000);
