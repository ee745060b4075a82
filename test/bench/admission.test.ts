import { execFile, spawnSync } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { TestAuthority } from '../support/certificates.ts';
import { POSTGRES } from '../support/private-postgres.ts';
import { HAS_REDIS } from '../support/redis-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { openLoop, percentile } from './open-loop.ts';
import { type MixedReview, mixedReviews } from './review-mix.ts';

const HAS_OPENSSL = spawnSync('openssl', ['version']).error === undefined;
const IMAGES = {
  good: ['registry.example/a@sha256:a', 'registry.example/b@sha256:b'],
  bad: 'registry.example/c@sha256:c',
};

function take(count: number, repeats: number, fresh: number): readonly MixedReview[] {
  const reviews = mixedReviews({ ...IMAGES, repeats, fresh });
  return Array.from({ length: count }, () => reviews.next().value);
}

test('the mix is what it says: shares, sizes, and Pods that must be denied', () => {
  const reviews = take(1_000, 70, 20);
  const share = (kind: MixedReview['kind']) => reviews.filter((review) => review.kind === kind).length;
  expect([share('repeat'), share('new'), share('update')]).toEqual([700, 200, 100]);
  expect(reviews.every(({ body }) => body.length === 6_000)).toBe(true);
  expect(reviews.filter(({ allowed }) => !allowed).length).toBeGreaterThan(100);
  // What rules see of repeats is one of 50.
  const seen = reviews
    .filter(({ kind }) => kind === 'repeat')
    .map(({ body }) => JSON.stringify(JSON.parse(String(body)).request.object.spec));
  expect(new Set(seen).size).toBe(50);
  expect(take(100, 0, 100).every(({ kind }) => kind === 'new')).toBe(true);
});

test('the smallest latency that a share does not exceed', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([50, 99, 100]);
  expect(percentile([7], 0.99)).toBe(7);
});

test.skipIf(!HAS_OPENSSL)(
  'wrong verdicts, foreign answers, failure answers and broken connections are told apart (needs openssl)',
  async () => {
    const authority = new TestAuthority(await temporaryDirectory());
    const { certificate: cert, key } = authority.issue({ subject: '/CN=x', names: ['DNS:localhost'] });
    let count = 0;
    const server = createServer({ cert, key }, async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      const { uid } = JSON.parse(Buffer.concat(pieces).toString()).request;
      const answer = (answered: object) =>
        response.end(JSON.stringify({ response: { uid, allowed: true, ...answered } }));
      const answers = [
        () => answer({}),
        () => answer({ allowed: false, status: { message: 'no' } }),
        () => answer({ uid: 'of another' }),
        () => answer({ auditAnnotations: { failure: 'the store is away' } }),
        () => response.writeHead(403).end('{}'),
        () => request.socket.destroy(),
      ];
      answers[count++ % answers.length]!();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const reviews = take(60, 100, 0).filter(({ allowed }) => allowed);
    const outcomes = await openLoop({
      targets: [`https://localhost:${(server.address() as AddressInfo).port}`],
      ca: authority.own.certificate,
      client: null,
      perSecond: 12,
      seconds: 1,
      reviews: (function* () {
        for (;;) yield* reviews;
      })() as Iterator<MixedReview, never>,
    });
    const results = outcomes.map(({ result }) => result).toSorted();
    expect(results).toEqual([
      ...Array<string>(2).fill('failure answer'),
      ...Array<string>(2).fill('right'),
      ...Array<string>(2).fill('transport error'),
      ...Array<string>(6).fill('wrong'),
    ]);
  },
);

test.skipIf(POSTGRES === null || !HAS_REDIS || !HAS_OPENSSL)(
  'a short run breaks everything once, and every verdict is right (needs PostgreSQL, Redis and openssl)',
  async () => {
    const argv = [join(import.meta.dirname, 'admission.ts'), '--seconds', '10', '--rate', '10'];
    const options = { timeout: 900_000, maxBuffer: 2 ** 26 };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, argv, options).catch((error) => {
      throw new Error(`${error.message}${error.stdout}`, { cause: error });
    });
    expect(stdout).toMatch(/the mix while things break +10 +\d{3,} /);
    expect(stdout).toMatch(/PASS {5}every verdict is right/);
    expect(stderr).toMatch(/the store goes[\s\S]*one of two replicas is killed/);
  },
  1_000_000,
);
