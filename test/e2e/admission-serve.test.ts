import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NodeIssuer } from '../../services/adapters/certificates/issuer.ts';
import { type Json, pod, podSpec, review, workloadOfKind } from '../support/admission-reviews.ts';
import { type ReviewSender, reviewSender, shownSerial } from '../support/admission-server.ts';
import { POSTGRES } from '../support/private-postgres.ts';
import { type Served, startServe } from '../support/serve.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SECRET = 'canary-0123456789abcdef';

interface Gate extends ReviewSender {
  readonly served: Served;
  readonly port: number;
  readonly directory: string;
  /** What was decided, by whom it was asked for, newest first. */
  admissions(query?: string): Promise<Json[]>;
}

async function startGate(settings: Json = {}, policy: Json = {}): Promise<Gate> {
  const directory = await temporaryDirectory();
  writeFileSync(join(directory, 'secret'), SECRET);
  writeFileSync(join(directory, 'policy.json'), JSON.stringify(policy));
  let output = '';
  const served = await startServe({
    directory,
    onText: (text) => {
      output += text;
    },
    settings: {
      scan: { db: 'starter', settings: join(directory, 'policy.json') },
      admission: {
        listen: '127.0.0.1:0',
        serverNames: ['localhost'],
        own: { file: join(directory, 'authorities.json') },
        pathSecretFile: join(directory, 'secret'),
        policyReloadSeconds: 1,
        policyMs: 20_000,
        ...settings,
      },
    },
  });
  const port = Number(/"address":"https:\/\/127\.0\.0\.1:(\d+)"/.exec(output)![1]);
  const sender = reviewSender(port, SECRET);
  onTestFinished(() => sender.close());
  return {
    ...sender,
    served,
    port,
    directory,
    admissions: async (query = '') => (await served.ask('GET', `/api/v1/admissions?limit=500${query}`)).json.items,
  };
}

const WARN = { policy: { rules: { image_unscanned: { mode: 'warn' } } } };
const runtimeSocket = podSpec({ volumes: [{ name: 'x', hostPath: { path: '/var/run/docker.sock' } }] });

describe.skipIf(POSTGRES === null)(
  `plimsoll serve with admission${POSTGRES === null ? ' (no PostgreSQL)' : ''}`,
  () => {
    test('denies, admits, warns and records, and ends when it is told to', { timeout: 300_000 }, async () => {
      const gate = await startGate({}, WARN);
      const denied = await gate.send('validate/critical', review(pod(runtimeSocket)));
      expect(denied).toMatchObject({
        status: 200,
        json: {
          response: { allowed: false, status: { code: 403, message: expect.stringContaining('runtime_socket') } },
        },
      });
      expect(await gate.send('validate/critical', review(workloadOfKind('Deployment', runtimeSocket)))).toMatchObject({
        json: { response: { allowed: false } },
      });
      expect(await gate.send('validate', review(pod()))).toMatchObject({
        json: {
          response: { allowed: true, warnings: expect.arrayContaining([expect.stringContaining('image_unscanned')]) },
        },
      });
      await gate.send('validate/critical', review(pod(runtimeSocket), { dryRun: true, uid: 'a-dry-run' }));
      await expect.poll(() => gate.admissions()).toHaveLength(3);
      expect(await gate.admissions('&answer=denied&rule=runtime_socket')).toMatchObject([
        {
          kind: 'Deployment.apps',
          namespace: 'shop',
          user: 'alice',
          caller: 'unauthenticated caller',
          path: 'critical',
        },
        { kind: 'Pod', violations: expect.arrayContaining([expect.objectContaining({ effect: 'denied' })]) },
      ]);
      const metrics = (await gate.served.ask('GET', '/metrics')).text;
      expect(metrics).toContain(
        'plimsoll_admission_reviews_total{path="critical",operation="CREATE",answer="denied"} 3',
      );
      expect(await gate.served.stop()).toBe(0);
    });

    test('changes its certificate while reviews go on', { timeout: 300_000 }, async () => {
      const issuer = new NodeIssuer();
      const terms = {
        name: 'x',
        notBefore: new Date(Date.now() - 60_000),
        notAfter: new Date(Date.now() + 86_400_000),
      };
      const authority = issuer.newAuthority(terms);
      const work = await temporaryDirectory();
      const files = { file: join(work, 'tls.crt'), keyFile: join(work, 'tls.key') };
      const write = (): void => {
        const { certificate, key } = issuer.newCertificate(authority, {
          ...terms,
          dnsNames: ['localhost'],
          usage: 'server',
        });
        writeFileSync(files.file, certificate);
        writeFileSync(files.keyFile, key);
      };
      write();
      const gate = await startGate({ certificate: files, certificateSeconds: 1 });
      const first = await shownSerial(gate.port);
      let isOver = false;
      const answers: number[] = [];
      const running = (async () => {
        while (!isOver) answers.push((await gate.send('validate/critical', review(pod()))).status);
      })();
      write();
      await expect.poll(() => shownSerial(gate.port), { timeout: 60_000 }).not.toBe(first);
      // A pair whose halves do not fit is not shown, and told.
      const shown = await shownSerial(gate.port);
      writeFileSync(files.keyFile, authority.key);
      await gate.served.command.saw('cannot be used');
      expect(await shownSerial(gate.port)).toBe(shown);
      isOver = true;
      await running;
      expect(new Set(answers)).toEqual(new Set([200]));
    });

    test('takes stronger policies at once, and weaker ones not', { timeout: 300_000 }, async () => {
      const gate = await startGate({}, WARN);
      const policy = join(gate.directory, 'policy.json');
      const modes = (rules: Json): void => writeFileSync(policy, JSON.stringify({ policy: { rules } }));
      const loads = async (): Promise<Json[]> =>
        (await gate.served.ask('GET', '/api/v1/admissions/policies')).json.items;
      const isAllowed = async (spec: Json): Promise<boolean> =>
        (await gate.send('validate', review(pod(spec)))).json.response.allowed;
      expect(await isAllowed(podSpec())).toBe(true);
      modes({ image_unscanned: { mode: 'deny' } });
      await expect.poll(() => isAllowed(podSpec()), { timeout: 60_000 }).toBe(false);
      expect(await loads()).toMatchObject([
        {
          outcome: 'loaded',
          changed: ['image_unscanned: warn became deny'],
          weaker: false,
          author: expect.stringMatching(/^uid \d+$/),
        },
        { outcome: 'loaded' },
      ]);
      modes({ image_unscanned: { mode: 'deny' }, runtime_socket: { mode: 'off' } });
      await expect.poll(async () => (await loads()).length, { timeout: 60_000 }).toBe(3);
      expect((await loads())[0]).toMatchObject({
        outcome: 'refused',
        weaker: true,
        message: expect.stringContaining('runtime_socket'),
      });
      expect((await gate.send('validate/critical', review(pod(runtimeSocket)))).json.response.allowed).toBe(false);
      writeFileSync(policy, 'not: [closed');
      await expect.poll(async () => (await loads()).length, { timeout: 60_000 }).toBe(4);
      expect((await loads())[0]).toMatchObject({
        outcome: 'refused',
        weaker: false,
        message: expect.stringContaining('YAML'),
      });
      expect(await isAllowed(podSpec())).toBe(false);
      expect(readFileSync(policy, 'utf8')).toContain('closed');
    });
  },
);
