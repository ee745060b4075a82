import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls, getCACertificates } from 'node:tls';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { RecordLine } from '../../domain/runtime/backlog.ts';
import { syslogMessage } from '../../domain/runtime/syslog.ts';
import type { RecordSink } from '../../pipeline/runtime-ports.ts';

const PATIENCE_MS = 15_000;

export interface SyslogAddress {
  readonly host: string;
  readonly port: number;
  /** null: TCP without TLS (RFC 6587). Else TLS (RFC 5425), with this certificate of an authority trusted beside the system's, where one is given. */
  readonly tls: { readonly ca: string | null } | null;
}

/** Syslog over a stream, each message behind its length (RFC 6587, section 3.4.1). No receiver says that it has one: handed to the system is taken. */
export class SyslogStream implements RecordSink {
  readonly name: string;
  readonly #address: SyslogAddress;
  #socket: Socket | null = null;

  constructor(address: SyslogAddress) {
    this.name = `syslog ${address.host}:${address.port}`;
    this.#address = address;
  }

  async send(lines: readonly RecordLine[], signal: AbortSignal): Promise<void> {
    const messages = lines.map((line) => Buffer.from(syslogMessage(line, hostname(), process.pid)));
    const bytes = Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.length} `), message]));
    try {
      this.#socket ??= await this.#connect(signal);
      await written(this.#socket, bytes, signal);
    } catch (cause) {
      this.#forget();
      throw new PlimsollError('OUTPUT_FAILED', `it takes nothing: ${messageOf(cause)}`, { cause });
    }
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.end();
      setTimeout(() => socket.destroy(), 1_000).unref();
    });
  }

  #connect(signal: AbortSignal): Promise<Socket> {
    const { host, port, tls } = this.#address;
    return new Promise((resolve, reject) => {
      const socket =
        tls === null
          ? connectTcp({ host, port })
          : connectTls({
              host,
              port,
              ...(isIP(host) === 0 && { servername: host }),
              ...(tls.ca !== null && { ca: [...getCACertificates('default'), tls.ca] }),
            });
      const fail = (error: Error) => {
        socket.destroy();
        reject(error);
      };
      const onAbort = () => fail(new Error('it was stopped'));
      signal.addEventListener('abort', onAbort);
      socket.setTimeout(PATIENCE_MS, () => fail(new Error('nobody answers')));
      socket.once('error', fail);
      socket.once(tls === null ? 'connect' : 'secureConnect', () => {
        signal.removeEventListener('abort', onAbort);
        socket.setTimeout(0);
        socket.off('error', fail);
        // What the other end sends is nothing to us; that it has gone is.
        socket.resume();
        socket.on('error', () => this.#forget(socket));
        socket.on('close', () => this.#forget(socket));
        resolve(socket);
      });
    });
  }

  #forget(socket = this.#socket): void {
    socket?.destroy();
    if (this.#socket === socket) this.#socket = null;
  }
}

function written(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error('it reads nothing')), PATIENCE_MS);
    const onAbort = () => reject(new Error('it was stopped'));
    signal.addEventListener('abort', onAbort);
    socket.write(bytes, (error) => {
      clearTimeout(patience);
      signal.removeEventListener('abort', onAbort);
      if (error) reject(error);
      else resolve();
    });
  });
}
