import { once } from 'node:events';
import { Agent, request as send } from 'node:https';
import { connect } from 'node:tls';

export interface ReviewAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it as it pleases
  readonly json: any;
}

export interface ReviewSender {
  /** One review as the body; `path` without the part that all share. */
  send(path: string, body: unknown, options?: { readonly timeout?: string }): Promise<ReviewAnswer>;
  close(): void;
}

/** A client that keeps its connections, as an API server does. It believes whatever is shown: who is there is another test's question. */
export function reviewSender(port: number, secret: string | null, name = 'localhost'): ReviewSender {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  return {
    send: (path, body, { timeout = '10s' } = {}) =>
      new Promise((resolve, reject) => {
        const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
        const request = send({
          host: '127.0.0.1',
          port,
          agent,
          method: 'POST',
          path: `/admission/${path}${secret === null ? '' : `/${secret}`}?timeout=${timeout}`,
          headers: { host: name, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        });
        request.on('error', reject);
        request.on('response', async (response) => {
          const pieces: Buffer[] = [];
          response.on('error', reject);
          for await (const piece of response) pieces.push(piece);
          const answer = Buffer.concat(pieces).toString();
          resolve({ status: response.statusCode!, json: answer === '' ? null : JSON.parse(answer) });
        });
        request.end(text);
      }),
    close: () => agent.destroy(),
  };
}

/** The certificate that a server shows now, by its serial number. */
export async function shownSerial(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
