import { describe, expect, test } from 'vitest';
import { parseReference } from '../../services/domain/image/reference.ts';
import type { FetchedLocation } from '../../services/pipeline/image-ports.ts';
import { type FakeRegistry, fakeRegistry, type Hook } from '../support/fake-registry.ts';
import { type BuiltImage, buildImage, MEDIA_TYPES } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { MemoryFactsCache } from '../support/memory-facts-cache.ts';
import { noise } from '../support/noise.ts';
import { endOf, packagesOf } from '../support/outcome.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { allBytes, type ClientChanges, FETCHING, registriesFor } from '../support/registries.ts';
import { type ScanChanges, scan } from '../support/scan.ts';

/* Registries that lie, stall, break and never end. */

const base = {
  entries: [
    file('etc/os-release', OS_RELEASE.debian),
    file('var/lib/dpkg/status', dpkgStatus([{ name: 'a', version: '1' }])),
  ],
};
const second = { entries: [file('srv/noise', noise('second', 3 * 2 ** 14))], compression: 'none' } as const;
const image = await buildImage({ layers: [base, second] });

const isBlob = (url: string | undefined, of: BuiltImage, layer: number) =>
  url!.endsWith(`/blobs/${of.layers[layer]!.digest}`);

async function pushed(hook?: Hook): Promise<FakeRegistry> {
  const registry = await fakeRegistry(hook);
  registry.push('app:1', image);
  return registry;
}

async function scanned({ host }: FakeRegistry, client: ClientChanges = {}, changes: ScanChanges = {}) {
  const registries = registriesFor(client);
  try {
    return await scan(`${host}/app:1`, { registries, ...changes, limits: { ...client.limits } });
  } finally {
    await registries.close();
  }
}

function location({ host }: FakeRegistry, layer: number): FetchedLocation {
  const { digest, blob } = image.layers[layer]!;
  return { kind: 'fetched', registry: host, repository: 'app', digest, size: blob.length };
}

async function fetched(registry: FakeRegistry, layer: number, client: ClientChanges = {}): Promise<Buffer> {
  const registries = registriesFor(client);
  const limits = { ...FETCHING.limits, ...client.limits };
  try {
    return await allBytes(registries.fetch(location(registry, layer), { ...FETCHING, limits }));
  } finally {
    await registries.close();
  }
}

const raised = (code: string, message: RegExp = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

test.each([404, 403, 503])(
  'who forgets the directory of a file is told so, also by a registry that answers %i',
  async (status) => {
    const { host } = await fakeRegistry((_, response) => response.writeHead(status).end() !== undefined);
    const registries = registriesFor();
    await expect(scan(`${host}/image.tar`, { registries })).rejects.toThrow(/a file is written with its directory/);
    await expect(scan(`${host}/image`, { registries })).rejects.not.toThrow(/a file is written/);
    await registries.close();
  },
);

describe('documents', () => {
  test('of another digest than was asked for', async () => {
    const registry = await pushed();
    const name = `app/${image.manifestDigest}`;
    registry.manifests.set(name, { bytes: Buffer.from(`${image.manifest} `), mediaType: MEDIA_TYPES.manifest });
    await expect(scanned(registry)).rejects.toEqual(raised('DIGEST_MISMATCH'));
  });

  test('a tag that leads to another manifest than HEAD said is not believed', async () => {
    const registry = await pushed((request, response) => {
      if (request.method !== 'HEAD') return false;
      response.writeHead(200, { 'docker-content-digest': `sha256:${'a'.repeat(64)}` }).end();
      return true;
    });
    await expect(scanned(registry)).rejects.toEqual(raised('TARGET_NOT_FOUND'));
  });

  test('that say no digest are hashed', async () => {
    const registry = await pushed((request, response) => {
      if (request.method !== 'HEAD') return false;
      response.writeHead(405).end();
      return true;
    });
    expect((await scanned(registry)).target.digest).toBe(image.manifestDigest);
  });

  test('of schema 1 are refused by their name', async () => {
    const registry = await pushed((_, response) => {
      response
        .writeHead(200, { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' })
        .end('{}');
      return true;
    });
    await expect(scanned(registry)).rejects.toEqual(raised('MANIFEST_SCHEMA1'));
  });

  test('without an end (manifestBytes, lowered)', async () => {
    const needed = Math.max(image.manifest.length, image.config.length);
    expect(await endOf(scanned(await pushed(), { limits: { manifestBytes: needed } }))).toBe('complete');
    await expect(scanned(await pushed(), { limits: { manifestBytes: needed - 1 } })).rejects.toEqual(
      raised('LIMIT_EXCEEDED', /manifestBytes/),
    );
    const endless = await pushed((request, response) => {
      if (!request.url!.includes(image.configDigest)) return false;
      response.writeHead(200);
      const more = () => response.write('x'.repeat(65_536), (error) => (error ? undefined : setImmediate(more)));
      more();
      return true;
    });
    await expect(scanned(endless)).rejects.toEqual(raised('LIMIT_EXCEEDED', /manifestBytes/));
  });

  test('all together are bounded (documentBytes, lowered)', async () => {
    const both = image.manifest.length + image.config.length;
    expect(await endOf(scanned(await pushed(), { limits: { documentBytes: both } }))).toBe('complete');
    await expect(scanned(await pushed(), { limits: { documentBytes: both - 1 } })).rejects.toEqual(
      raised('LIMIT_EXCEEDED', /documentBytes/),
    );
  });
});

describe('a layer', () => {
  test('of other bytes', async () => {
    const registry = await pushed();
    const { digest, blob } = image.layers[0]!;
    const changed = Buffer.from(blob);
    // Of gzip's header: a time that nobody looks at.
    changed[5] = changed[5]! ^ 1;
    registry.blobs.set(`app/${digest}`, changed);
    const report = await scanned(registry);
    expect(report.completeness.gaps).toContainEqual(
      expect.objectContaining({ code: 'layer-digest-mismatch', layer: 0 }),
    );
    expect(packagesOf(report)).toEqual([]);
  });

  test('that is not there', async () => {
    const registry = await pushed();
    registry.blobs.delete(`app/${image.layers[1]!.digest}`);
    const report = await scanned(registry);
    expect(report.completeness.gaps).toContainEqual(expect.objectContaining({ code: 'layer-missing', layer: 1 }));
    expect(packagesOf(report)).toEqual(['a 1']);
  });

  test('that goes on behind its size, with and without saying so', async () => {
    const registry = await pushed((request, response) => {
      if (!isBlob(request.url, image, 1)) return false;
      response.writeHead(200);
      const more = () => response.write(Buffer.alloc(65_536), (error) => (error ? undefined : setImmediate(more)));
      more();
      return true;
    });
    await expect(fetched(registry, 1)).rejects.toEqual(raised('DIGEST_MISMATCH', /more bytes/));
    expect(await endOf(scanned(registry))).toBe('layer-digest-mismatch');
  });

  test('that is shorter than its size, whoever is asked how often', async () => {
    const registry = await pushed();
    const { digest, blob } = image.layers[1]!;
    registry.blobs.set(`app/${digest}`, blob.subarray(0, 1_000));
    await expect(fetched(registry, 1)).rejects.toEqual(raised('DIGEST_MISMATCH'));
  });

  test.each([
    ['with ranges', false],
    ['without ranges: all again', true],
  ])('that breaks off every megabyte is taken up, %s', async (_, ignoresRange) => {
    const registry = await pushed((request, response) => {
      if (!isBlob(request.url, image, 1)) return false;
      const { blob } = image.layers[1]!;
      const from = ignoresRange ? 0 : Number(/\d+/.exec(request.headers.range ?? '0')![0]);
      const attempt = registry.asked().filter((line) => line.includes(image.layers[1]!.digest)).length;
      const to = Math.min(blob.length, ignoresRange ? attempt * 1_100_000 : from + 1_100_000);
      const range = { 'content-range': `bytes ${from}-${blob.length - 1}/${blob.length}` };
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': blob.length - from, ...(from > 0 && range) });
      response.write(blob.subarray(from, to), () => (to < blob.length ? response.destroy() : response.end()));
      return true;
    });
    expect((await fetched(registry, 1)).equals(image.layers[1]!.blob)).toBe(true);
    expect(await endOf(scanned(registry))).toBe('complete');
  });

  test('taken up by a range that was not asked for is not believed', async () => {
    const registry = await pushed((request, response) => {
      if (!isBlob(request.url, image, 1)) return false;
      const { blob } = image.layers[1]!;
      if (request.headers.range === undefined) {
        response
          .writeHead(200, { 'content-length': blob.length })
          .write(blob.subarray(0, 100), () => response.destroy());
      } else
        response
          .writeHead(206, { 'content-range': `bytes 200-${blob.length - 1}/${blob.length}` })
          .end(blob.subarray(200));
      return true;
    });
    await expect(fetched(registry, 1)).rejects.toEqual(raised('REGISTRY_UNAVAILABLE', /answered 206/));
  });

  test('whose registry dies ends the scan, and what came before is kept', async () => {
    let dead = true;
    const registry = await pushed((request, response) => {
      if (!dead || !isBlob(request.url, image, 1)) return false;
      response.writeHead(200, { 'content-length': image.layers[1]!.blob.length }).write('x', () => response.destroy());
      return true;
    });
    const cache = new MemoryFactsCache();
    await expect(scanned(registry, {}, { cache })).rejects.toEqual(raised('REGISTRY_UNAVAILABLE', /broke off/));
    dead = false;
    const before = registry.asked().length;
    expect(packagesOf(await scanned(registry, {}, { cache }))).toEqual(['a 1']);
    const again = registry.asked().slice(before);
    expect(again.some((line) => line.includes(image.layers[0]!.digest))).toBe(false);
    expect(again.some((line) => line.includes(image.layers[1]!.digest))).toBe(true);
  });

  test('that is kept is not fetched', async () => {
    const registry = await pushed();
    const cache = new MemoryFactsCache();
    await scanned(registry, {}, { cache });
    const before = registry.asked().length;
    await scanned(registry, {}, { cache });
    expect(
      registry
        .asked()
        .slice(before)
        .filter((line) => line.includes('/blobs/')),
    ).toEqual([`GET /v2/app/blobs/${image.configDigest}`]);
  });

  test('that is foreign is fetched from the registry or not at all', async () => {
    const elsewhere = await loopbackServer((_, response) => response.end('never asked'));
    const foreign = await buildImage({ layers: [base, { ...second, urls: [`${elsewhere.url}/layer`] }] });
    const registry = await fakeRegistry();
    registry.push('app:1', foreign);
    expect(await endOf(scanned(registry))).toBe('complete');
    registry.blobs.delete(`app/${foreign.layers[1]!.digest}`);
    expect(await endOf(scanned(registry))).toBe('layer-foreign');
    expect(elsewhere.requests).toHaveLength(0);
  });
});

describe('a registry', () => {
  test('that is busy is asked again when it says', async () => {
    const registry = await pushed((_, response, count) => {
      if (count > 1) return false;
      response.writeHead(429, { 'retry-after': '1' }).end();
      return true;
    });
    const start = performance.now();
    expect(await endOf(scanned(registry))).toBe('complete');
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  test('that asks for a day of patience is given up', async () => {
    const registry = await pushed((_, response) => {
      response.writeHead(429, { 'retry-after': '86400' }).end();
      return true;
    });
    await expect(scanned(registry)).rejects.toEqual(raised('REGISTRY_UNAVAILABLE', /answered 429/));
    expect(registry.requests).toHaveLength(1);
  });

  test('that stalls, before its answer and within (registryIdleMs)', async () => {
    const patience = { attempts: 1, backoffMs: 1, retryAfterMs: 1 };
    const silent = await pushed(() => true);
    const limits = { registryIdleMs: 300 };
    await expect(scanned(silent, { limits, patience })).rejects.toEqual(raised('REGISTRY_UNAVAILABLE', /nothing came/));
    const stalls = await pushed((request, response) => {
      if (!isBlob(request.url, image, 1)) return false;
      response.writeHead(200, { 'content-length': image.layers[1]!.blob.length }).write('x');
      return true;
    });
    await expect(fetched(stalls, 1, { limits, patience })).rejects.toEqual(
      raised('REGISTRY_UNAVAILABLE', /nothing came/),
    );
  });

  test('that drips for ever (registryAnswerMs, registryBlobMs)', async () => {
    const drip: Hook = (request, response) => {
      if (request.method === 'HEAD') return false;
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
      return true;
    };
    await expect(scanned(await pushed(drip), { limits: { registryAnswerMs: 400 } })).rejects.toEqual(
      raised('REGISTRY_UNAVAILABLE', /registryAnswerMs/),
    );
    await expect(fetched(await pushed(drip), 1, { limits: { registryBlobMs: 400 } })).rejects.toEqual(
      raised('REGISTRY_UNAVAILABLE', /registryBlobMs/),
    );
  });

  test('that redirects in a circle (registryRedirects)', async () => {
    const circle = (times: number) =>
      pushed((request, response) => {
        const round = Number(new URL(request.url!, 'http://x').searchParams.get('round') ?? 0);
        if (request.method !== 'HEAD' || round >= times) return false;
        response.writeHead(307, { location: `?round=${round + 1}` }).end();
        return true;
      });
    const limits = { registryRedirects: 3 };
    await expect(scanned(await circle(4), { limits })).rejects.toEqual(
      raised('REGISTRY_UNAVAILABLE', /registryRedirects/),
    );
    expect(await endOf(scanned(await circle(3), { limits }))).toBe('complete');
  });

  test('that redirects to nowhere, or to another protocol', async () => {
    const to = (location: string) =>
      pushed((_, response) => {
        response.writeHead(302, { location }).end();
        return true;
      });
    await expect(scanned(await to('http://'))).rejects.toEqual(raised('REGISTRY_UNAVAILABLE', /no valid address/));
    await expect(scanned(await to('file:///etc/passwd'))).rejects.toEqual(raised('EGRESS_REFUSED', /file:/));
  });

  test('that says an error without an end is quoted shortly', async () => {
    const message = 'x'.repeat(10_000);
    const registry = await pushed((request, response) => {
      if (request.method === 'HEAD') return response.writeHead(405).end() !== undefined;
      response.writeHead(403).end(JSON.stringify({ errors: [{ code: 'DENIED', message }] }));
      return true;
    });
    await expect(scanned(registry)).rejects.toEqual(raised('REGISTRY_DENIED', /^.{50,300}$/));
    const endless = await pushed((request, response) => {
      if (request.method === 'HEAD') return response.writeHead(405).end() !== undefined;
      response.writeHead(403);
      const more = () => response.write('x'.repeat(65_536), (error) => (error ? undefined : setImmediate(more)));
      more();
      return true;
    });
    await expect(scanned(endless)).rejects.toEqual(raised('REGISTRY_DENIED', /answered 403$/));
  });

  test('whose user stops is left at once', async () => {
    const stop = new AbortController();
    const registry = await pushed((request) => {
      if (!isBlob(request.url, image, 1)) return false;
      setTimeout(() => stop.abort(new Error('stopped')), 20);
      return true;
    });
    await expect(scanned(registry, {}, { signal: stop.signal })).rejects.toThrow('stopped');
  });

  test('that fails is spared where a mirror has it, and helps where the mirror has not', async () => {
    const mirror = await pushed();
    const broken = await fakeRegistry((_, response) => {
      response.writeHead(404).end();
      return true;
    });
    const registries = registriesFor({
      registrationOf: (registry) => ({
        registry,
        plainHttp: true,
        verifyTls: true,
        ca: null,
        allowed: [],
        mirrors: registry === broken.host ? [mirror.host] : [],
      }),
    });
    expect(await endOf(scan(`${broken.host}/app:1`, { registries }))).toBe('complete');
    expect(broken.requests).toHaveLength(0);
    await expect(registries.resolve(parseReference(`${broken.host}/none:1`), FETCHING)).rejects.toEqual(
      raised('TARGET_NOT_FOUND'),
    );
    expect(broken.requests.length).toBeGreaterThan(0);
    await registries.close();
  });
});

describe('a token server', () => {
  /** Challenges whatever has no token, and answers for one with `answer`. */
  const behind = (answer: Hook) =>
    pushed((request, response, count) => {
      if (request.url!.startsWith('/token')) return answer(request, response, count);
      if (request.headers.authorization === 'Bearer good') return false;
      const realm = `http://${request.headers.host}/token`;
      response.writeHead(401, {
        'www-authenticate': `Bearer realm="${realm}",service="s",scope="repository:app:pull"`,
      });
      response.end();
      return true;
    });
  const says = (body: string, status = 200): Hook => {
    return (_, response) => response.writeHead(status).end(body) !== undefined;
  };

  test('gives a token, which is asked for once', async () => {
    const registry = await behind(says('{"token":"good","expires_in":300}'));
    expect(await endOf(scanned(registry))).toBe('complete');
    expect(registry.asked().filter((line) => line.includes('/token'))).toEqual([
      'GET /token?service=s&scope=repository%3Aapp%3Apull',
    ]);
  });

  test('that gives one that has ended is asked again, once', async () => {
    const registry = await behind(says('{"token":"old"}'));
    await expect(scanned(registry)).rejects.toEqual(raised('REGISTRY_DENIED', /answered 401/));
    expect(registry.asked().filter((line) => line.includes('/token'))).toHaveLength(1);
  });

  test.each([
    ['no token', '{}', 'REGISTRY_DENIED'],
    ['no JSON', '<html>', 'REGISTRY_UNAVAILABLE'],
    ['a token that splits headers', '{"token":"good\\r\\nx-evil: 1"}', 'REGISTRY_DENIED'],
    ['a number', '{"token":1}', 'REGISTRY_DENIED'],
  ])('that gives %s', async (_, body, code) => {
    await expect(scanned(await behind(says(body)))).rejects.toEqual(raised(code));
  });

  test('whose answer is large (registryAnswerBytes, lowered)', async () => {
    const body = '{"token":"good"}';
    const at = { limits: { registryAnswerBytes: body.length } };
    expect(await endOf(scanned(await behind(says(body)), at))).toBe('complete');
    const past = { limits: { registryAnswerBytes: body.length - 1 } };
    await expect(scanned(await behind(says(body)), past)).rejects.toEqual(
      raised('LIMIT_EXCEEDED', /registryAnswerBytes/),
    );
  });

  test('that redirects is not followed', async () => {
    const registry = await behind((_, response) => response.writeHead(302, { location: '/v2/' }).end() !== undefined);
    await expect(scanned(registry)).rejects.toEqual(raised('REGISTRY_DENIED', /redirects/));
  });
});
