import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { RecordLine } from '../../domain/runtime/backlog.ts';
import { syslogMessage } from '../../domain/runtime/syslog.ts';
import type { RecordSink } from '../../pipeline/runtime-ports.ts';

const PATIENCE_MS = 15_000;
const TAKEN = 0x2b;
/** Longer than a logger takes in one message by far; what is left out is marked. */
const SHORTENED_BYTES = 8_000;

/** Syslog to the datagram socket of a logger (/dev/log), by `plimsoll-sensor relay`: Node speaks to no such socket. */
export class SyslogSocket implements RecordSink {
  readonly name: string;
  readonly #path: string;
  readonly #relayProgram: () => Promise<string>;
  #relay: ChildProcessWithoutNullStreams | null = null;

  constructor(path: string, relayProgram: () => Promise<string>) {
    this.name = `syslog ${path}`;
    this.#path = path;
    this.#relayProgram = relayProgram;
  }

  async send(lines: readonly RecordLine[], signal: AbortSignal): Promise<void> {
    const messages = lines.map((line) => Buffer.from(syslogMessage(line, hostname(), process.pid)));
    const answers = await this.#ask(messages, signal);
    const tooLong = messages.filter((_, i) => answers[i] !== TAKEN);
    if (tooLong.length > 0) await this.#ask(tooLong.map(shortened), signal);
  }

  async close(): Promise<void> {
    const relay = this.#relay;
    this.#relay = null;
    if (relay === null || relay.exitCode !== null || relay.signalCode !== null) return;
    relay.stdin.end();
    await once(relay, 'close');
  }

  async #ask(messages: readonly Buffer[], signal: AbortSignal): Promise<Buffer> {
    const relay = this.#relay ?? spawn(await this.#relayProgram(), ['relay', '--socket', this.#path]);
    // Told by its end, to whoever asks it next.
    if (this.#relay === null) relay.on('error', ignore);
    this.#relay = relay;
    try {
      return await answersOf(relay, messages, signal);
    } catch (cause) {
      relay.kill('SIGKILL');
      this.#relay = null;
      throw new PlimsollError('OUTPUT_FAILED', `it takes nothing: ${messageOf(cause)}`, { cause });
    }
  }
}

function answersOf(
  relay: ChildProcessWithoutNullStreams,
  messages: readonly Buffer[],
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let answers = Buffer.alloc(0);
    let said = '';
    const patience = setTimeout(() => end(new Error('it reads nothing')), PATIENCE_MS);
    const onAnswer = (bytes: Buffer) => {
      answers = Buffer.concat([answers, bytes]);
      if (answers.length >= messages.length) end(null);
    };
    const onSaid = (bytes: Buffer) => {
      said = `${said}${bytes}`.slice(-1_000);
    };
    const onClose = () => end(new Error(said.trim() || 'the relay has ended'));
    const onAbort = () => end(new Error('it was stopped'));
    const end = (error: Error | null) => {
      clearTimeout(patience);
      relay.stdout.off('data', onAnswer);
      relay.stderr.off('data', onSaid);
      relay.off('close', onClose).off('error', end);
      relay.stdin.off('error', ignore);
      signal.removeEventListener('abort', onAbort);
      if (error === null) resolve(answers);
      else reject(error);
    };
    relay.stdout.on('data', onAnswer);
    relay.stderr.on('data', onSaid);
    relay.on('close', onClose).on('error', end);
    // A relay that has ended says why by its end.
    relay.stdin.on('error', ignore);
    signal.addEventListener('abort', onAbort);
    const framed = messages.flatMap((message) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(message.length);
      return [length, message];
    });
    relay.stdin.write(Buffer.concat(framed));
  });
}

function ignore(): void {}

function shortened(message: Buffer): Buffer {
  return Buffer.concat([message.subarray(0, SHORTENED_BYTES), Buffer.from(' … (cut: longer than the logger takes)')]);
}
