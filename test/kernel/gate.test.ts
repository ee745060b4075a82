import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type CachedVerdict, encodeVerdicts } from '../../services/domain/runtime/verdict-cache.ts';
import { buildSensor, kernelTests, runcBundle, SENSOR, testCgroup, testPins } from '../support/kernel.ts';
import { RuntimeRecorder } from '../support/runtime-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Whether an image may start at all, with nothing but a file of verdicts. */

const withRunc = kernelTests('the start gate, with runc', ['runc', 'busybox']);
const withPodman = kernelTests('the start gate, with podman', ['runc', 'busybox', 'podman', 'conmon']);

const digest = (character: string) => `sha256:${character.repeat(64)}`;
const NOW = () => Math.floor(Date.now() / 1_000);
const entry = (image: string, changes: Partial<CachedVerdict> = {}): CachedVerdict => ({
  digest: image,
  decision: 'deny',
  judgedSeconds: NOW(),
  profile: null,
  rule: 'vulnerabilities/kev',
  text: 'openssl 3.0.1 has CVE-2022-0778; 3.0.2 mends it',
  ...changes,
});

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(program: string, args: readonly string[], cwd?: string): Promise<Said> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, {
      timeout: 120_000,
      ...(cwd !== undefined && { cwd }),
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout: stdout!, stderr: stderr! };
  }
}

let started = 0;

/** A bundle that says "hi", and how it starts with a hook of these options. */
async function box(cgroupPath: string) {
  const directory = await temporaryDirectory();
  const bundle = runcBundle(join(directory, 'bundle'), ['/bin/sh', '-c', 'echo hi'], cgroupPath);
  const verdicts = join(directory, 'verdicts');
  const write = (entries: readonly CachedVerdict[]) =>
    writeFileSync(verdicts, encodeVerdicts(entries), { mode: 0o644 });
  const options = ['--verdicts', verdicts];
  const start = (...more: string[]) => {
    const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
    config.hooks = { createRuntime: [{ path: SENSOR, args: ['plimsoll-sensor', 'hook', ...options, ...more] }] };
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
    return run('runc', ['run', `plimsoll-gate-${process.pid}-${started++}`], bundle);
  };
  return { directory, bundle, verdicts, write, start };
}

describe.skipIf(withRunc.skip)(withRunc.name, () => {
  beforeAll(buildSensor);

  test('an image that was refused does not start, and the runtime says by which rule and what to do; one that passed does', async () => {
    const { path } = testCgroup();
    const { write, start } = await box(`${path}/box`);
    write([
      entry(digest('b')),
      entry(digest('a'), { decision: 'allow', rule: null, text: '' }),
      entry(digest('c')),
      entry(digest('0')),
    ]);
    expect(await start('--gate', 'deny', '--image', digest('a'))).toMatchObject({ code: 0, stdout: 'hi\n' });
    for (const image of ['0', 'b', 'c']) {
      const { code, stdout, stderr } = await start('--gate', 'deny', '--image', digest(image));
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(
        `plimsoll: image ${digest(image)} is refused by vulnerabilities/kev: openssl 3.0.1 has CVE-2022-0778`,
      );
      expect(stderr).toContain('The container was not started. Mend the image');
    }
    expect(await start('--gate', 'warn', '--image', digest('b'))).toMatchObject({ code: 0, stdout: 'hi\n' });
    expect(await start('--gate', 'off', '--image', digest('b'))).toMatchObject({ code: 0, stdout: 'hi\n' });
  });

  test('of what nothing is known: as --gate-unknown says, and why', async () => {
    const { path } = testCgroup();
    const { write, start, verdicts } = await box(`${path}/box`);
    const refused = async (why: string, ...more: string[]) => {
      expect(await start('--gate', 'deny', '--gate-unknown', 'allow', ...more), why).toMatchObject({ code: 0 });
      const { code, stderr } = await start('--gate', 'deny', '--gate-unknown', 'refuse', ...more);
      expect(code, why).toBe(1);
      expect(stderr).toContain(why);
      expect(await start('--gate', 'warn', '--gate-unknown', 'refuse', ...more), why).toMatchObject({ code: 0 });
    };
    const image = ['--image', digest('a')];
    await refused('there is no file of verdicts', ...image);
    write([entry(digest('b'))]);
    await refused('the image was not judged', ...image);
    await refused('its runtime does not say which image');
    write([entry(digest('a'), { decision: 'unknown' })]);
    await refused('its verdict is unknown', ...image);
    write([entry(digest('a'), { decision: 'allow', judgedSeconds: NOW() - 7_300 })]);
    await refused('older than --verdict-age', ...image, '--verdict-age', '2');
    expect(await start('--gate', 'deny', '--gate-unknown', 'refuse', ...image, '--verdict-age', '3')).toMatchObject({
      code: 0,
    });
    chmodSync(verdicts, 0o666);
    await refused('others than root may write', ...image);
    chmodSync(verdicts, 0o644);
    writeFileSync(verdicts, encodeVerdicts([entry(digest('a'))]).slice(0, -10));
    await refused('not whole', ...image);
  });

  test('the profile of an image goes before that of the hook, the pack in the place of one that is missing; the agent tells each start', async () => {
    const { directory, path } = testCgroup();
    const pins = testPins();
    const recorder = await RuntimeRecorder.start(directory, { pins });
    await RuntimeRecorder.load(pins, { name: 'strict', exec: { deny: ['/bin/busybox'] } });
    await RuntimeRecorder.load(pins, { name: 'pack' });
    const { write, start } = await box(`${path}/box`);
    const image = ['--image', digest('a')];
    const held = ['--pins', pins, '--mode', 'enforce', ...image];
    write([entry(digest('a'), { decision: 'allow', profile: 'strict', rule: null })]);
    expect(await start(...held, '--gate', 'deny')).toMatchObject({ code: 137 });
    write([entry(digest('a'), { decision: 'allow', profile: 'absent', rule: null })]);
    expect(await start(...held, '--gate', 'deny')).toMatchObject({ code: 0, stdout: 'hi\n' });
    expect(await start(...held, '--on-missing', 'refuse')).toMatchObject({ code: 1 });
    expect(await start(...held, '--on-missing', 'pack', '--pack', 'pack')).toMatchObject({ code: 0 });
    expect(await start(...held, '--on-missing', 'pack', '--pack', 'absent-too')).toMatchObject({ code: 1 });
    write([entry(digest('a'))]);
    expect(await start(...held, '--profile', 'strict', '--gate', 'deny')).toMatchObject({ code: 1 });
    await recorder.stop();
    const starts = recorder.events('start').toSorted((a, b) => Number(a.event.timeNs - b.event.timeNs));
    expect(
      starts.map(({ event }) => event.kind === 'start' && [event.started, event.gate, event.held, event.profileName]),
    ).toEqual([
      [true, 'passed', 'given', 'strict'],
      [true, 'passed', 'missing', 'absent'],
      [false, null, 'missing', 'absent'],
      [true, null, 'pack', 'pack'],
      [false, null, 'missing', 'absent'],
      [false, 'refused', null, null],
    ]);
    expect(starts[5]).toMatchObject({ event: { image: digest('a'), rule: 'vulnerabilities/kev' } });
    expect(starts[1]).toMatchObject({ event: { reason: 'no profile of this name is loaded' } });
  });

  test('the wrapper adds the hook to bundles with and without hooks of their own, and is the runtime for all else', async () => {
    const { path } = testCgroup();
    const { bundle, directory, write, verdicts } = await box(`${path}/box`);
    const touched = join(directory, 'touched');
    const wrapped = (...args: string[]) =>
      run(SENSOR, [
        'runtime',
        '--runtime',
        execFileSync('which', ['runc'], { encoding: 'utf8' }).trim(),
        '--verdicts',
        verdicts,
        '--gate',
        'deny',
        '--image',
        digest('a'),
        '--',
        ...args,
      ]);
    const own = [{ path: '/bin/sh', args: ['sh', '-c', `echo hook >> ${touched}`] }];
    const original = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
    for (const hooks of [
      undefined,
      {},
      { prestart: own },
      { createRuntime: own },
      { createRuntime: [], poststop: own },
    ]) {
      for (const decision of ['allow', 'deny'] as const) {
        writeFileSync(join(bundle, 'config.json'), JSON.stringify({ ...original, ...(hooks && { hooks }) }, null, 2));
        write([entry(digest('a'), { decision })]);
        const { code, stdout, stderr } = await wrapped(
          'run',
          '--bundle',
          bundle,
          `plimsoll-gate-${process.pid}-${started++}`,
        );
        expect([code, stdout], `${JSON.stringify(hooks)} ${stderr}`).toEqual(
          decision === 'allow' ? [0, 'hi\n'] : [1, ''],
        );
        const { hooks: now, ...rest } = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
        const { hooks: _, ...before } = original;
        expect(rest).toEqual(before);
        expect(now.createRuntime[0].args).toEqual([
          'plimsoll-sensor',
          'hook',
          '--verdicts',
          verdicts,
          '--gate',
          'deny',
          '--image',
          digest('a'),
        ]);
      }
    }
    expect(readFileSync(touched, 'utf8').split('\n').length).toBeGreaterThanOrEqual(3);
    expect((await wrapped('--version')).stdout).toMatch(/^runc version/);
    writeFileSync(join(bundle, 'config.json'), '{');
    expect(await wrapped('run', '--bundle', bundle, 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is no bundle's configuration"),
    });
  });
});

describe.skipIf(withPodman.skip)(withPodman.name, () => {
  beforeAll(buildSensor);

  test.each(['--hooks-dir', 'the wrapper'])(
    'by %s: the image is known from its store, by its manifest or its config, whatever its container is labelled',
    { timeout: 600_000 },
    async (way) => {
      const root = await temporaryDirectory();
      const { path } = testCgroup();
      const storage = join(root, 'storage');
      const verdicts = join(root, 'verdicts');
      const options = ['--verdicts', verdicts, '--gate', 'deny', '--gate-unknown', 'refuse', '--storage', storage];
      mkdirSync(join(root, 'hooks'));
      if (way === '--hooks-dir') {
        const hook = { path: SENSOR, args: ['plimsoll-sensor', 'hook', ...options] };
        writeFileSync(
          join(root, 'hooks/plimsoll.json'),
          JSON.stringify({ version: '1.0.0', hook, when: { always: true }, stages: ['createRuntime'] }),
        );
      }
      const wrapper = join(root, 'plimsoll-runc');
      const runc = execFileSync('which', ['runc'], { encoding: 'utf8' }).trim();
      // As Docker writes it from `runtimeArgs`.
      writeFileSync(wrapper, `#!/bin/sh\nexec ${SENSOR} runtime --runtime ${runc} ${options.join(' ')} -- "$@"\n`, {
        mode: 0o755,
      });
      writeFileSync(
        join(root, 'storage.conf'),
        `[storage]\ndriver = "overlay"\ngraphroot = "${storage}"\nrunroot = "${root}/run"\n`,
      );
      const podman = (...args: string[]) =>
        run('env', [
          `CONTAINERS_STORAGE_CONF=${root}/storage.conf`,
          ...[
            'podman',
            '--cgroup-manager=cgroupfs',
            `--runtime=${way === '--hooks-dir' ? 'runc' : wrapper}`,
            '--hooks-dir',
            join(root, 'hooks'),
            ...args,
          ],
        ]);
      onTestFinished(() => void podman('rm', '--all', '--force', '--time', '0'));
      const bundle = runcBundle(join(root, 'bundle'), [], path);
      execFileSync('tar', ['-C', join(bundle, 'rootfs'), '-cf', join(root, 'image.tar'), '.']);
      expect(await podman('import', join(root, 'image.tar'), 'localhost/plimsoll-gate:1')).toMatchObject({ code: 0 });
      const [image] = JSON.parse((await podman('image', 'inspect', 'localhost/plimsoll-gate:1')).stdout);
      const start = () =>
        podman(
          'run',
          ...[
            '--rm',
            '--ulimit',
            'nofile=1024:1024',
            '--ulimit',
            'nproc=4096:4096',
            '--pids-limit',
            '0',
            '--network',
            'host',
            '--cgroup-parent',
            path,
          ],
          ...['--annotation', `io.kubernetes.cri-o.ImageRef=${digest('a')}`, '--label', `digest=${digest('a')}`],
          ...['localhost/plimsoll-gate:1', '/bin/sh', '-c', 'echo hi'],
        );
      const allowed = entry(digest('a'), { decision: 'allow' });
      writeFileSync(verdicts, encodeVerdicts([allowed]));
      const unknown = await start();
      expect(unknown.code).not.toBe(0);
      expect(unknown.stderr).toContain(`nothing is known of image ${image.Digest}`);
      writeFileSync(verdicts, encodeVerdicts([allowed, entry(`sha256:${image.Id}`)]));
      const refused = await start();
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('is refused by vulnerabilities/kev');
      writeFileSync(
        verdicts,
        encodeVerdicts([entry(`sha256:${image.Id}`), entry(image.Digest, { decision: 'allow' })]),
      );
      expect(await start()).toMatchObject({ code: 0, stdout: 'hi\n' });
    },
  );
});
