import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { engineConfinement, LocalEngines } from '../../services/adapters/engines/local-engines.ts';
import { type CommandEnd, runConfined } from '../../services/adapters/engines/run-confined.ts';
import { LocalPrograms } from '../../services/adapters/programs/local-programs.ts';
import type { Limits } from '../../services/domain/limits.ts';
import type { EngineReading, EngineTarget } from '../../services/pipeline/engine-ports.ts';
import { cycloneDx, engineOptions, fakeTrivy, program } from '../support/fake-engine.ts';
import { type BuiltImage, buildImage, ociArchive, sha256 } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { scratch } from '../support/scan.ts';

const place = scratch('engines');
const strongest = await engineConfinement(new LocalPrograms(process.env.PATH), engineOptions().limits);
const CONFINEMENTS = [
  ['as this machine allows', strongest],
  ['without namespaces', { prefix: [], isolated: false, rooted: false, bounded: false }],
] as const;

/** The processes in whose command line this text stands. */
function running(text: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^[0-9]+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(text);
    } catch {
      return false;
    }
  });
}

let seconds = 100_000;
/** A number for `sleep` that no other process has: by it the test finds what is left. */
const uniqueSleep = () => String(seconds++ + process.pid * 1_000_000);

const sh = (script: string) => program(place, `#!/bin/sh\n${script}\n`);
const js = (script: string) => program(place, `#!${process.execPath}\n${script}\n`);

describe.each(CONFINEMENTS)('a command runs confined %s', (_, confinement) => {
  const run = (path: string, limits: Partial<Limits> = {}, signal?: AbortSignal): Promise<CommandEnd> => {
    const options = engineOptions(limits, signal);
    const command = { program: path, args: [], environment: { HOME: place }, workingDirectory: place };
    return runConfined(command, confinement, options.limits, options.signal);
  };
  const stdoutOf = async (path: string): Promise<string> => Buffer.from((await run(path)).stdout).toString();

  test('and its output is all that it wrote', async () => {
    expect(await run(sh('echo out; echo err >&2'))).toEqual({
      stdout: Buffer.from('out\n'),
      stderr: 'err\n',
      failure: null,
    });
  });

  test('with nothing of our environment, and nothing to read', async () => {
    process.env.PLIMSOLL_TEST_SECRET = 'secret';
    const seen = JSON.parse(await stdoutOf(js('console.log(JSON.stringify(process.env))')));
    expect(Object.keys(seen).sort()).toEqual(['HOME', 'PLIMSOLL_ENGINE_RUN']);
    expect(await stdoutOf(sh('read line && echo "$line"; echo end'))).toBe('end\n');
  });

  test('a code other than 0 and a program that is none are failures', async () => {
    expect((await run(sh('echo {}; exit 3'))).failure).toBe('it ended with code 3');
    expect((await run(program(place, '\x7fELFnot'))).failure).not.toBeNull();
  });

  test('one that hangs is stopped', async () => {
    const long = uniqueSleep();
    const end = await run(sh(`trap '' TERM INT HUP; sleep ${long}; sleep ${long}`), { engineMs: 300 });
    expect(end.failure).toBe('it ran for more than 0.3 s (engineMs)');
    expect(running(long)).toEqual([]);
  });

  test.each(['stdout', 'stderr'])('one that floods %s is stopped; at the limit it is not', async (stream) => {
    const write = (bytes: number) => js(`process.${stream}.write('x'.repeat(${bytes}))`);
    expect((await run(write(300_000), { engineOutputBytes: 300_000 })).failure).toBeNull();
    const end = await run(write(300_001), { engineOutputBytes: 300_000 });
    expect(end.failure).toBe('it wrote more than 300000 bytes (engineOutputBytes)');
    expect(
      (
        await run(sh(`while :; do echo xxxxxxxxxxxxxxxx >&${stream === 'stdout' ? 1 : 2}; done`), {
          engineOutputBytes: 300_000,
        })
      ).failure,
    ).toContain('engineOutputBytes');
  });

  test('one that takes too much memory is stopped', async () => {
    const take = js('const kept = []; setInterval(() => kept.push(Buffer.alloc(8 << 20, 1)), 10)');
    const end = await run(take, { engineMemoryBytes: 256 * 2 ** 20, engineMs: 60_000 });
    expect(end.failure).toBe('it took more than 256 MiB of memory (engineMemoryBytes)');
    expect((await run(js('setTimeout(() => {}, 500)'), { engineMemoryBytes: 256 * 2 ** 20 })).failure).toBeNull();
  });

  test('one that starts too many processes is stopped with all of them; at the limit it is not', async () => {
    const start = (count: number, text: string) => sh(`${`sleep ${text} & `.repeat(count)} sleep 1`);
    const many = uniqueSleep();
    const end = await run(start(8, many), { engineProcesses: 9 });
    expect(end.failure).toBe('it started more than 9 processes (engineProcesses)');
    expect(running(many)).toEqual([]);
    expect((await run(start(7, uniqueSleep()), { engineProcesses: 9 })).failure).toBeNull();
  });

  test.each([
    ['a child', (long: string) => `sleep ${long} &`],
    ['a child in a session of its own', (long: string) => `setsid sleep ${long} &`],
    ['a child of a child that has gone', (long: string) => `(setsid sh -c 'sleep ${long} & exit' &) ; sleep 0.3`],
    [
      'a child that ignores what it can',
      (long: string) => `setsid sh -c "trap '' TERM INT HUP PIPE; sleep ${long}; sleep ${long}" &`,
    ],
  ])('%s does not outlive it', async (_name, leave) => {
    const long = uniqueSleep();
    const started = Date.now();
    const end = await run(sh(`${leave(long)}\necho done`));
    expect(end).toMatchObject({ failure: null, stdout: Buffer.from('done\n') });
    expect(running(long)).toEqual([]);
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  test('an end of the scan ends it', async () => {
    const long = uniqueSleep();
    const stop = new AbortController();
    const ended = run(sh(`setsid sleep ${long} & sleep ${long}`), {}, stop.signal);
    while (running(long).length < 2) await sleep(20);
    stop.abort(new Error('stopped by the test'));
    await expect(ended).rejects.toThrow('stopped by the test');
    expect(running(long)).toEqual([]);
  });
});

test.skipIf(!strongest.isolated)('in namespaces of its own there is no network', async () => {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connect = js(
    `require('net').connect(${port}, '127.0.0.1').on('connect', () => console.log('through')).on('error', (e) => console.log(e.code))`,
  );
  const attempt = async (confinement: typeof strongest): Promise<string> => {
    const command = { program: connect, args: [], environment: {}, workingDirectory: place };
    const { limits, signal } = engineOptions();
    return Buffer.from((await runConfined(command, confinement, limits, signal)).stdout).toString();
  };
  try {
    expect(await attempt({ prefix: [], isolated: false, rooted: false, bounded: false })).toBe('through\n');
    expect(await attempt(strongest)).not.toContain('through');
  } finally {
    server.close();
  }
});

test.skipIf(!strongest.bounded)('more memory than one process may have is refused by the kernel', async () => {
  const { limits, signal } = engineOptions({ engineMemoryBytes: 2 ** 30 });
  const confinement = await engineConfinement(new LocalPrograms(process.env.PATH), limits);
  const command = { program: sh('ulimit -d'), args: [], environment: {}, workingDirectory: place };
  const end = await runConfined(command, confinement, limits, signal);
  expect(Buffer.from(end.stdout).toString()).toBe(`${2 ** 20}\n`);
});

describe('an engine that', () => {
  const engines = new LocalEngines(new LocalPrograms(process.env.PATH));
  const image = sha256(Buffer.from('the image'));
  writeFileSync(join(place, 'image.tar'), 'not looked at');
  const target: EngineTarget = {
    kind: 'docker-archive',
    path: join(place, 'image.tar'),
    manifestDigest: null,
    configDigest: image,
    layers: [],
  };
  const ask = (lines: string, limits: Partial<Limits> = {}, version?: string): Promise<EngineReading> => {
    return engines.run(fakeTrivy(place, lines, version), target, engineOptions(limits));
  };
  const failureOf = async (lines: string, limits: Partial<Limits> = {}): Promise<string | null> => {
    const { failure, packages } = await ask(lines, limits);
    expect(packages).toEqual([]);
    return failure;
  };

  test('answers is believed', async () => {
    expect(await ask(cycloneDx(image, { 'pkg:npm/a@1.0.0': '/srv/a/package.json' }))).toEqual({
      name: 'trivy',
      version: '0.72.0',
      isolated: strongest.isolated,
      packages: [{ purl: 'pkg:npm/a@1.0.0', paths: ['srv/a/package.json'], diffId: null }],
      failure: null,
    });
  });

  test.each([
    ['says nothing', 'exit 0', 'it ended well and said nothing'],
    ['says no JSON', 'echo hello', 'its answer is not JSON'],
    ['says half a document', `${cycloneDx(image)} | head -c 40`, 'its answer is not JSON'],
    ['says something else', `echo '{}'`, 'its answer is no CycloneDX'],
    ['says a list', `echo '[]'`, 'its answer is not an object'],
    [
      'says components that are none',
      `echo '{"bomFormat":"CycloneDX","components":[7]}'`,
      'an entry of components is not an object',
    ],
    ['says bytes that are no text', `printf '{"bomFormat":"\\377"}'`, 'its answer is not JSON'],
    [
      'fails after its answer',
      `${cycloneDx(image)}\necho "FATAL out of luck" >&2; exit 1`,
      'it ended with code 1: FATAL out of luck',
    ],
    ['speaks of no image', cycloneDx(null), `it does not say which image it read, not ${image}`],
    [
      'speaks of another image',
      cycloneDx('sha256:00', { 'pkg:npm/a@1.0.0': null }),
      `it read the image sha256:00, not ${image}`,
    ],
  ])('%s has failed', async (_name, lines, failure) => {
    expect(await failureOf(lines)).toBe(failure);
  });

  test('names more packages than there may be has failed; as many it may', async () => {
    const lines = cycloneDx(image, { 'pkg:npm/a@1': null, 'pkg:npm/b@1': null });
    expect((await ask(lines, { packages: 2 })).packages.length).toBe(2);
    expect(await failureOf(lines, { packages: 1 })).toBe('components is longer than 1 (packages)');
  });

  test('hangs, at its version already, has failed', async () => {
    const hanging = { name: 'trivy', path: sh('sleep 1000'), sha256: null } as const;
    const { failure, version } = await engines.run(hanging, target, engineOptions({ engineMs: 200 }));
    expect([failure, version]).toEqual(['it ran for more than 0.2 s (engineMs)', null]);
  });

  test.each(['0.69.4', '0.69.5', '0.69.6'])('is Trivy %s is not run', async (version) => {
    const touched = join(place, `touched-${version}`);
    const { failure } = await ask(`touch ${touched}\n${cycloneDx(image)}`, {}, version);
    expect(failure).toBe(`trivy ${version} is refused: an intruder published it (CVE-2026-33634)`);
    expect(existsSync(touched)).toBe(false);
    expect((await ask(cycloneDx(image), {}, '0.69.7')).failure).toBeNull();
  });

  test('needs an archive unpacked gets no more than an image may hold', async () => {
    const path = join(place, 'zeros.tar.gz');
    writeFileSync(path, gzipSync(Buffer.alloc(100_000)));
    const run = async (limits: Partial<Limits>) => {
      const reading = await engines.run(fakeTrivy(place, cycloneDx(image)), { ...target, path }, engineOptions(limits));
      return reading.failure;
    };
    expect(await run({ imageBytes: 100_000 })).toBeNull();
    expect(await run({ imageBytes: 99_999 })).toMatch(/it unpacks to more than 99999 bytes \(imageBytes\)$/);
    writeFileSync(path, gzipSync(Buffer.alloc(100_000)).subarray(0, 60));
    expect(await run({})).toMatch(/^the archive could not be unpacked for it: /);
  });

  test('writes files, and takes the rights away, leaves none behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('plimsoll-engine-'));
    const write =
      'for d in . "$HOME" "$TMPDIR" "$XDG_CACHE_HOME"; do mkdir -p "$d/a/b"; echo x > "$d/a/b/c"; chmod 0 "$d/a/b" "$d/a"; done';
    expect((await ask(`${write}\n${cycloneDx(image)}`)).failure).toBeNull();
    expect(await failureOf(`${write}\nexit 1`)).toBe('it ended with code 1');
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('plimsoll-engine-'))).toEqual(before);
  });

  test('looks for settings finds an empty directory', async () => {
    expect(await failureOf('echo "$(ls -A . "$HOME" | tr "\\n" " ")" in $(pwd) >&2; exit 1')).toMatch(
      /: \.: {2}\/.*\/home: {2}in \/.*\/work$/,
    );
  });

  test('is not there is said', async () => {
    const absent = join(place, 'absent');
    const run = (choice: Parameters<LocalEngines['run']>[0], path?: string) =>
      new LocalEngines(new LocalPrograms(path)).run(choice, target, engineOptions()).then(({ failure }) => failure);
    expect(await run({ name: 'trivy', path: absent, sha256: null })).toBe(`${absent} is no file that may be executed`);
    expect(await run({ name: 'trivy', path: place, sha256: null })).toBe(`${place} is no file that may be executed`);
    expect(await run({ name: 'syft', path: null, sha256: null }, place)).toContain('syft is not in PATH');
    expect(await run({ name: 'syft', path: null, sha256: null }, '.:relative')).toContain('syft is not in PATH');
  });

  test('is not the one that its digest names is not run', async () => {
    const choice = fakeTrivy(place, cycloneDx(image));
    const actual = sha256(readFileSync(choice.path!)).slice(7);
    const run = (wanted: string) => engines.run({ ...choice, sha256: wanted }, target, engineOptions());
    expect(await run(actual)).toMatchObject({ failure: null, version: '0.72.0' });
    const wrong = '0'.repeat(64);
    expect(await run(wrong)).toMatchObject({
      failure: `${choice.path} has the SHA-256 ${actual}, not ${wrong}; it was not run`,
      version: null,
      isolated: null,
    });
  });

  test('is exchanged after the look runs as it was looked at', async () => {
    const choice = fakeTrivy(place, `${cycloneDx(image)}`);
    const bytes = readFileSync(choice.path!);
    // Its first run, for the version, removes it: the second can only be of the copy.
    const suicidal = program(place, bytes.toString().replace('then echo', `then rm -f "${choice.path}"; echo`));
    const reading = await engines.run(
      { name: 'trivy', path: suicidal, sha256: sha256(readFileSync(suicidal)).slice(7) },
      target,
      engineOptions(),
    );
    expect([reading.failure, existsSync(choice.path!)]).toEqual([null, false]);
    rmSync(suicidal);
  });
});

describe('an OCI layout in a tar', () => {
  const layer = { entries: [file('a', 'a'.repeat(5_000))] };
  const seen = async (archive: Buffer, built: BuiltImage, limits: Partial<Limits> = {}): Promise<EngineReading> => {
    const path = join(place, 'layout.tar');
    writeFileSync(path, archive);
    const { manifestDigest, configDigest, layers } = built;
    const target: EngineTarget = { kind: 'oci-archive', path, manifestDigest, configDigest, layers };
    // It answers with what lies in the layout that it was given.
    const lines = `for each; do :; done; [ -f "$each/index.json" ] || exit 9
find "$each/blobs" -type f | wc -l >&2
${cycloneDx(configDigest)}`;
    return new LocalEngines(new LocalPrograms(process.env.PATH)).run(
      fakeTrivy(place, lines),
      target,
      engineOptions(limits),
    );
  };

  test('is laid out for an engine: the blobs of this image, and no others', async () => {
    const [one, other] = [await buildImage({ layers: [layer] }), await buildImage({ layers: [layer, layer] })];
    const archive = await ociArchive([one, other]);
    expect(await seen(archive, one)).toMatchObject({ failure: null });
    expect(await seen(gzipSync(archive), one)).toMatchObject({ failure: null });
  });

  test('with a blob that is not there, or not what its name says, is no image that an engine could be asked about', async () => {
    const missing = await buildImage({ layers: [{ ...layer, missing: true }] });
    expect((await seen(await ociArchive([missing]), missing)).failure).toMatch(
      /^the archive holds no plain file of the blob sha256:/,
    );
    const wrong = await buildImage({ layers: [{ ...layer, digest: `sha256:${'0'.repeat(64)}` }] });
    expect((await seen(await ociArchive([wrong]), wrong)).failure).toMatch(
      /^the bytes of sha256:0+ in the archive are not those/,
    );
  });

  test('cut short, or past imageBytes, plain or compressed', async () => {
    const built = await buildImage({ layers: [layer, { entries: [file('b')] }] });
    const archive = await ociArchive([built]);
    expect((await seen(archive.subarray(0, 3_000), built)).failure).toMatch(
      /^the archive could not be unpacked for it: /,
    );
    const blobs = [...built.blobs.values()].reduce((sum, { length }) => sum + length, 0);
    expect((await seen(archive, built, { imageBytes: blobs })).failure).toBeNull();
    expect((await seen(archive, built, { imageBytes: blobs - 1 })).failure).toContain('imageBytes');
    expect((await seen(gzipSync(archive), built, { imageBytes: archive.length })).failure).toBeNull();
    expect((await seen(gzipSync(archive), built, { imageBytes: archive.length - 1 })).failure).toContain('imageBytes');
  });
});
