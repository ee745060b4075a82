import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { parseReference } from '../../services/domain/image/reference.ts';
import { fakeRegistry } from '../support/fake-registry.ts';
import { buildImage } from '../support/image-builder.ts';
import { FETCHING, registriesFor } from '../support/registries.ts';

const image = await buildImage({ layers: [{ entries: [] }] });

/** A proxy that leads every tunnel to one port of this machine, and remembers where they were to go. */
async function proxyTo(port: number): Promise<{ url: string; tunnels: string[] }> {
  const tunnels: string[] = [];
  const server = createServer();
  server.on('connect', (request, socket, head) => {
    tunnels.push(request.url!);
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on('error', () => {});
    onTestFinished(() => void upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
}

const portOf = (host: string): number => Number(host.split(':')[1]);

test('a registry behind a proxy is reached by its name, which only the proxy looks up', async () => {
  const registry = await fakeRegistry();
  registry.push('app:1', image);
  const { url, tunnels } = await proxyTo(portOf(registry.host));
  for (const name of ['HTTP_PROXY', 'http_proxy']) {
    const resolveHost = () => expect.fail('the name was looked up here');
    const client = registriesFor({ environment: { [name]: url }, resolveHost });
    const found = await client.resolve(parseReference('registry.test:5000/app:1'), FETCHING);
    expect(found).toMatchObject({ digest: image.manifestDigest });
    await client.close();
  }
  expect(tunnels).toEqual(['registry.test:5000', 'registry.test:5000']);
});

test('what NO_PROXY names is reached without', async () => {
  const registry = await fakeRegistry();
  registry.push('app:1', image);
  const { url, tunnels } = await proxyTo(1);
  const client = registriesFor({ environment: { HTTP_PROXY: url, NO_PROXY: '127.0.0.1' } });
  expect(await client.resolve(parseReference(`${registry.host}/app:1`), FETCHING)).toMatchObject({
    digest: image.manifestDigest,
  });
  expect(tunnels).toEqual([]);
  await client.close();
});

test('no proxy is asked for an address that is refused', async () => {
  const registry = await fakeRegistry(
    (_, response) => response.writeHead(307, { location: 'http://169.254.169.254/' }).end() !== undefined,
  );
  const { url, tunnels } = await proxyTo(portOf(registry.host));
  const client = registriesFor({ environment: { HTTP_PROXY: url } });
  await expect(client.resolve(parseReference('registry.test:5000/app:1'), FETCHING)).rejects.toMatchObject({
    code: 'EGRESS_REFUSED',
  });
  expect(tunnels).toEqual(['registry.test:5000']);
  await client.close();
});
