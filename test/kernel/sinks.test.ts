import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ACT,
  buildSensor,
  giveProfile,
  kernelTests,
  LOG_SOCKET,
  runInCgroup,
  runToEnd,
  testCgroup,
  testPins,
} from '../support/kernel.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { REPOSITORY } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const kernel = kernelTests('where the agent tells it');
const MAIN = join(REPOSITORY, 'services/main.ts');

async function logger(path: string) {
  let text = '';
  const child = spawn(LOG_SOCKET, [path]);
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  await once(child.stdout, 'data');
  return { messages: () => text.split('\n').slice(1, -1), kill: () => child.kill('SIGKILL') };
}

describe.skipIf(kernel.skip)(kernel.name, () => {
  beforeAll(buildSensor);

  test('file, syslog and webhook at once: everything in the file, denials to all, nothing on standard output', async () => {
    const { directory, path } = testCgroup();
    const pins = testPins();
    const root = await temporaryDirectory();
    const { messages } = await logger(join(root, 'log'));
    const bodies: string[] = [];
    const { url } = await loopbackServer((request, response) => {
      request.setEncoding('utf8').on('data', (piece) => bodies.push(piece));
      request.on('end', () => response.end());
    });
    writeFileSync(join(root, 'secret'), 'canary-0123456789abcdef');
    writeFileSync(join(root, 'test.yaml'), 'name: test\nconnect: { deny: [{ to: 127.0.0.1 }] }\n');
    const file = join(root, 'agent.jsonl');
    const agent = spawn(process.execPath, [
      ...[MAIN, 'agent', 'run', '--cgroup-root', directory, '--pins', pins, '--quiet', '--file', file],
      ...['--syslog', `unix:${join(root, 'log')}`, '--webhook', url, '--webhook-secret-file', join(root, 'secret')],
      ...['--webhook-allow', '127.0.0.1', '--buffer', join(root, 'buffer')],
    ]);
    onTestFinished(() => void agent.kill('SIGKILL'));
    let printed = '';
    agent.stdout.on('data', (piece) => {
      printed += piece;
    });
    const linesOf = () =>
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    await vi.waitFor(() => expect(linesOf()[0]).toMatchObject({ kind: 'agent-started' }), { timeout: 60_000 });
    expect(
      await runToEnd(process.execPath, [MAIN, 'agent', 'load', join(root, 'test.yaml'), '--pins', pins]),
    ).toMatchObject({ code: 0 });
    const container = join(directory, 'container');
    mkdirSync(container);
    await giveProfile(pins, container, '--connect', 'enforce');
    await runInCgroup(container, ACT, 'connect', '127.0.0.1', '9');
    const isDenial = expect.objectContaining({
      kind: 'connect',
      verdict: 'denied',
      severity: 'high',
      cgroup: expect.objectContaining({ path: `${path}/container` }),
    });
    const jsonOf = (message: string) => JSON.parse(message.slice(message.indexOf('{')));
    await vi.waitFor(() => expect(messages().map(jsonOf)).toContainEqual(isDenial), { timeout: 60_000 });
    await vi.waitFor(() => expect(bodies.flatMap((body) => JSON.parse(body))).toContainEqual(isDenial), {
      timeout: 60_000,
    });
    agent.kill('SIGTERM');
    expect((await once(agent, 'close'))[0]).toBe(0);
    expect(linesOf()).toContainEqual(isDenial);
    expect(linesOf().some(({ kind, severity }) => kind === 'exec' && severity === 'low')).toBe(true);
    expect(messages().every((message) => /^<10[68]>1 \S+Z \S+ plimsoll-agent \d+ [a-z-]+ - \{/.test(message))).toBe(
      true,
    );
    expect(printed).toBe('');
  });

  test('a logger that goes away and comes back has what was told meanwhile', async () => {
    const { directory } = testCgroup();
    const socket = join(await temporaryDirectory(), 'log');
    const agent = spawn(process.execPath, [
      ...[
        MAIN,
        'agent',
        'run',
        '--cgroup-root',
        directory,
        '--quiet',
        '--syslog',
        `unix:${socket}`,
        '--severity',
        'low',
      ],
    ]);
    onTestFinished(() => void agent.kill('SIGKILL'));
    let said = '';
    agent.stderr.setEncoding('utf8').on('data', (piece) => {
      said += piece;
    });
    await vi.waitFor(() => expect(said).toContain('No such file'), { timeout: 60_000 });
    const { messages } = await logger(socket);
    await vi.waitFor(() => expect(messages()[0]).toContain('agent-started'), { timeout: 60_000 });
    await vi.waitFor(() => expect(said).toContain('works again'), { timeout: 60_000 });
    agent.kill('SIGTERM');
    expect((await once(agent, 'close'))[0]).toBe(0);
  });
});
