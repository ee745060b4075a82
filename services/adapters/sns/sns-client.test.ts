import { expect, test } from 'vitest';
import { loopbackServer } from '../../../test/support/loopback-server.ts';
import { LIMITS } from '../../domain/limits.ts';
import { SnsClient } from './sns-client.ts';

test('an answer is taken up to snsAnswerBytes, with status 200, and no redirect is followed', async () => {
  const { url, requests } = await loopbackServer((request, response) => {
    const size = Number(/\d+$/.exec(request.url!)?.[0] ?? 0);
    if (request.url === '/moved') response.writeHead(302, { location: '/16' });
    if (request.url === '/absent') response.writeHead(404);
    response.end('a'.repeat(size));
  });
  const client = new SnsClient();
  expect(await client.certificate(`${url}/${LIMITS.snsAnswerBytes}`)).toHaveLength(LIMITS.snsAnswerBytes);
  const refused = (message: string) => ({ code: 'DOWNLOAD_FAILED', message: expect.stringContaining(message) });
  await expect(client.certificate(`${url}/${LIMITS.snsAnswerBytes + 1}`)).rejects.toMatchObject(
    refused('snsAnswerBytes'),
  );
  await expect(client.confirm(`${url}/moved`)).rejects.toMatchObject(refused('status 302'));
  await expect(client.confirm(`${url}/absent`)).rejects.toMatchObject(refused('status 404'));
  expect(requests).toHaveLength(4);
});
