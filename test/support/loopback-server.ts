import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface LoopbackServer {
  readonly url: string;
  /** What was asked for, in order: `GET /path`. */
  readonly requests: IncomingMessage[];
}

/** A server on a free port of this machine, for the running test, or until `atEnd` calls what it is given. */
export async function loopbackServer(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
  atEnd: (close: () => void) => void = onTestFinished,
): Promise<LoopbackServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
