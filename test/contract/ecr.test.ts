import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EcrCredentials } from '../../services/adapters/registry/ecr.ts';
import { loopbackServer } from '../support/loopback-server.ts';

/* Amazon's SDK against a fake of its API (ECR API reference, GetAuthorizationToken). */

const HOST = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const { signal } = new AbortController();

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'canary-secret-key');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
});
afterEach(() => vi.unstubAllEnvs());

async function fakeApi(status: number, body: unknown) {
  const server = await loopbackServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  });
  vi.stubEnv('AWS_ENDPOINT_URL_ECR', server.url);
  return server;
}

const granted = (expiresAt: number) => ({
  authorizationData: [
    {
      authorizationToken: Buffer.from('AWS:pass:word').toString('base64'),
      expiresAt,
      proxyEndpoint: `https://${HOST}`,
    },
  ],
});

describe('credentials of ECR', () => {
  test('are those of GetAuthorizationToken, asked for in the region of the host, and kept until they end', async () => {
    const api = await fakeApi(200, granted(10_000));
    let now = 0;
    const source = new EcrCredentials(() => now);
    const expected = { kind: 'password', username: 'AWS', password: 'pass:word' };
    expect(await source.credentials(HOST, signal)).toEqual(expected);
    expect(await source.credentials(HOST, signal)).toEqual(expected);
    expect(api.requests).toHaveLength(1);
    const { headers } = api.requests[0]!;
    expect(headers['x-amz-target']).toBe('AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken');
    expect(headers.authorization).toMatch(/Credential=AKIDEXAMPLE\/\d+\/eu-west-1\/ecr\//);
    now = 10_000_000 - 60_000;
    await source.credentials(HOST, signal);
    expect(api.requests).toHaveLength(2);
  });

  test.each(['ghcr.io', `${HOST}.evil.io`, 'x.dkr.ecr.eu-west-1.amazonaws.com', 'public.ecr.aws'])(
    '%s has none',
    async (host) => {
      const api = await fakeApi(200, granted(10_000));
      expect(await new EcrCredentials().credentials(host, signal)).toBeNull();
      expect(api.requests).toHaveLength(0);
    },
  );

  test.each([
    [
      'refuses',
      400,
      { __type: 'AccessDeniedException', message: 'canary-secret-key is not allowed' },
      /AccessDeniedException/,
    ],
    ['gives nothing', 200, {}, /without a token/],
    ['gives no pair', 200, { authorizationData: [{ authorizationToken: 'bm9uZQ==' }] }, /without a token/],
  ])('where AWS %s', async (_, status, body, message) => {
    await fakeApi(status, body);
    const failed = new EcrCredentials().credentials(HOST, signal);
    await expect(failed).rejects.toMatchObject({ code: 'REGISTRY_DENIED', message: expect.stringMatching(message) });
    await expect(failed).rejects.not.toThrow('canary');
  });
});
