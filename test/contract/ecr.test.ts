import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EcrCredentials } from '../../services/adapters/registry/ecr.ts';
import type { Limits } from '../../services/domain/limits.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { FETCHING, registriesFor } from '../support/registries.ts';

/* Amazon's SDK against a fake of its API (ECR API reference, GetAuthorizationToken, DescribeRepositories). */

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

describe('repositories of ECR', () => {
  /** Answers a page for each token: by the token, what it is followed by. */
  async function pages(next: Readonly<Record<string, string | undefined>>) {
    const bodies: { nextToken?: string; registryId?: string }[] = [];
    const server = await loopbackServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          const asked = JSON.parse(Buffer.concat(chunks).toString());
          bodies.push(asked);
          const token = asked.nextToken ?? 'first';
          const repositories = [{ repositoryName: `team/${token}` }, { repositoryName: `other/${token}` }];
          response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
          response.end(JSON.stringify({ repositories, nextToken: next[token] }));
        });
    });
    vi.stubEnv('AWS_ENDPOINT_URL_ECR', server.url);
    return { bodies, server };
  }

  async function listed(limits: Partial<Limits> = {}): Promise<string[]> {
    const client = registriesFor();
    const names: string[] = [];
    const options = { ...FETCHING, limits: { ...FETCHING.limits, ...limits } };
    for await (const name of client.repositories(HOST, options)) names.push(name);
    await client.close();
    return names;
  }

  test('are those of DescribeRepositories, page by page, of the account in the host', async () => {
    const { bodies, server } = await pages({ first: 'b', b: 'c' });
    expect(await listed()).toEqual(['team/first', 'other/first', 'team/b', 'other/b', 'team/c', 'other/c']);
    expect(bodies.map(({ nextToken, registryId }) => [nextToken, registryId])).toEqual([
      [undefined, '123456789012'],
      ['b', '123456789012'],
      ['c', '123456789012'],
    ]);
    expect(server.requests[0]!.headers['x-amz-target']).toBe(
      'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories',
    );
  });

  test('end where they would go on without end', async () => {
    await pages({ first: 'b', b: 'c', c: 'b' });
    await expect(listed()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', message: expect.stringMatching(/circle/) });
    expect(await listed({ registryPages: 3 }).catch(({ message }) => message)).toMatch(/circle/);
    await pages({ first: 'b', b: 'c' });
    expect(await listed({ registryPages: 2 })).toHaveLength(6);
    await expect(listed({ registryPages: 1 })).rejects.toMatchObject({
      message: expect.stringMatching(/registryPages/),
    });
  });

  test.each([
    [400, 'REGISTRY_DENIED', /AccessDeniedException.*ecr:DescribeRepositories/],
    [500, 'REGISTRY_UNAVAILABLE', /did not list/],
  ])('that are answered by %s are an error without what AWS quotes', async (status, code, message) => {
    await fakeApi(status, {
      __type: status === 400 ? 'AccessDeniedException' : 'ServerException',
      message: 'canary-secret-key',
    });
    const failed = listed();
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(failed).rejects.not.toThrow('canary');
  });
});
