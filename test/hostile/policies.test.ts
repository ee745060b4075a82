import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { buildBundle, openPolicies } from '../../services/adapters/opa/open-policies.ts';
import type { ProcessOptions } from '../../services/adapters/opa/policy-processes.ts';
import type { PolicySession } from '../../services/cli/session.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { OPEN_GATE } from '../../services/domain/verdict/gate.ts';
import { DEFAULT_POLICY_SETTINGS } from '../../services/domain/verdict/plan.ts';
import { decideVerdict } from '../../services/pipeline/decide-verdict.ts';
import { BUILTIN_BUNDLE, changedBundle, POLICIES, regoRule, renamed } from '../support/policy-bundles.ts';
import { samplePackage, sampleReport } from '../support/sample-report.ts';
import { scratch } from '../support/scan.ts';
import { findGoTool } from '../tools/go-tools.ts';

const place = scratch('policies');
const opa = findGoTool('opa');
const whole = { ...sampleReport().completeness, status: 'complete', gaps: [], withoutFeed: [] } as const;
const clean = { ...sampleReport(), completeness: whole, vulnerabilities: [] };

const opened: PolicySession[] = [];
afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));

async function open(
  paths: readonly string[],
  options: Partial<ProcessOptions> = {},
  builtin = false,
): Promise<PolicySession> {
  const sources = { builtin: builtin ? BUILTIN_BUNDLE : null, paths, opa: opa ?? 'opa', shared: POLICIES };
  const policies = await openPolicies(sources, options);
  opened.push(policies);
  return policies;
}

async function verdictOf(policies: PolicySession, report: typeof clean = clean) {
  const options = {
    stage: 'build',
    settings: DEFAULT_POLICY_SETTINGS,
    settingsDigest: null,
    gate: OPEN_GATE,
    failOn: null,
    against: null,
  } as const;
  const { verdict } = await decideVerdict(report, policies, options, () => '0'.repeat(64));
  return verdict!;
}

describe('a bundle that is none of ours is refused', () => {
  test.each<[string, (wasm: Buffer) => Uint8Array, string]>([
    ['empty', () => new Uint8Array(), 'no WebAssembly'],
    ['text', () => Buffer.from('package plimsoll'), 'no WebAssembly'],
    ['cut in the middle', (wasm) => wasm.subarray(0, wasm.length / 2), 'no WebAssembly'],
    ['cut at its last byte', (wasm) => wasm.subarray(0, -1), 'no WebAssembly'],
    ['a module with nothing in it', () => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 'does not export'],
    [
      'without the entrypoint',
      (wasm) => renamed(wasm, 'plimsoll/violations', 'plimsoll/violatiens'),
      'no entrypoint plimsoll/violations',
    ],
    ['of another ABI', (wasm) => renamed(wasm, 'opa_wasm_abi_version', 'opa_wasm_abi_versiun'), 'opa_wasm_abi_version'],
    ['of a later ABI', laterAbi, 'unsupported ABI version 2'],
    ['without its evaluation', (wasm) => renamed(wasm, 'opa_eval', 'opa_evil'), 'opa_eval'],
    [
      'that calls what nobody offers',
      (wasm) => renamed(wasm, 'plimsoll.days_between', 'http.send............'),
      'http.send............',
    ],
    ['with a second memory', withSecondMemory, 'memory of its own'],
    ['that imports something else', (wasm) => renamed(wasm, 'opa_abort', 'opa_fetch'), 'env.opa_fetch'],
  ])('%s', async (_, change, problem) => {
    const bundle = changedBundle(place, { wasm: change });
    await expect(open([bundle])).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringContaining(problem),
    });
  });

  test('unchanged it is taken', async () => expect((await open([changedBundle(place)])).policies).toHaveLength(1));

  test('other bytes than its manifest names', async () => {
    const bundle = changedBundle(place);
    writeFileSync(join(bundle, 'policy.wasm'), 'x');
    await expect(open([bundle])).rejects.toThrow('its manifest says sha256:');
  });

  test.each<[string, (manifest: object) => unknown, string]>([
    ['of another version', (manifest) => ({ ...manifest, schemaVersion: '2' }), 'schemaVersion'],
    ['with an unknown key', (manifest) => ({ ...manifest, extra: 1 }), 'extra'],
    ['without rules', (manifest) => ({ ...manifest, rules: undefined }), 'rules'],
    ['with a rule that is none', (manifest) => ({ ...manifest, rules: [{ id: 'A-b' }] }), 'rules.0.id'],
    ['with another entrypoint', (manifest) => ({ ...manifest, entrypoint: 'x' }), 'entrypoint'],
    ['that is a list', () => [], 'manifest.json'],
  ])('a manifest %s', async (_, manifest, problem) => {
    await expect(open([changedBundle(place, { manifest })])).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringContaining(problem),
    });
  });

  test('another one than the digest that was named, though whole in itself', async () => {
    const bundle = changedBundle(place);
    const { digest } = (await open([bundle])).policies[0]!;
    expect((await open([`${bundle}@${digest}`])).policies).toMatchObject([{ digest }]);
    const other = changedBundle(place, { manifest: (manifest) => ({ ...manifest, opa: 'another' }) });
    await expect(open([`${other}@${digest}`])).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringContaining(`${digest} was named`),
    });
    for (const odd of ['sha256:', `sha256:${'A'.repeat(64)}`, `sha512:${'a'.repeat(128)}`]) {
      await expect(open([`${bundle}@${odd}`])).rejects.toThrow('is no digest');
    }
  });

  test('a manifest that is no JSON, or too long', async () => {
    const bundle = changedBundle(place);
    writeFileSync(join(bundle, 'manifest.json'), '{');
    await expect(open([bundle])).rejects.toThrow('no JSON');
    writeFileSync(join(bundle, 'manifest.json'), ' '.repeat(LIMITS.policyDocumentBytes));
    await expect(open([bundle])).rejects.toThrow('no JSON');
    writeFileSync(join(bundle, 'manifest.json'), ' '.repeat(LIMITS.policyDocumentBytes + 1));
    await expect(open([bundle])).rejects.toThrow(`${LIMITS.policyDocumentBytes} are the most`);
  });

  test('more WebAssembly than may be', async () => {
    const padded = (bytes: number) => changedBundle(place, { wasm: () => Buffer.alloc(bytes) });
    await expect(open([padded(LIMITS.policyBytes)])).rejects.toThrow('no WebAssembly');
    await expect(open([padded(LIMITS.policyBytes + 1)])).rejects.toThrow(`${LIMITS.policyBytes} are the most`);
  });

  test('rules that another policy has too', async () => {
    await expect(open([changedBundle(place)], {}, true)).rejects.toThrow('is in plimsoll too');
  });

  test('a directory that is neither', async () => {
    await expect(open([scratch('nothing')])).rejects.toThrow('neither a bundle');
    await expect(open([join(place, 'absent')])).rejects.toMatchObject({ code: 'POLICY_INVALID' });
  });

  test('Rego where there is no opa', async () => {
    const directory = regoRule(place, 'r', 'violations := set()');
    const sources = { builtin: null, paths: [directory], opa: 'no-such-opa', shared: POLICIES };
    await expect(openPolicies(sources)).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringContaining('there is no no-such-opa in PATH'),
    });
  });
});

/** So much that judging it takes a while. */
const LARGE = {
  ...clean,
  packages: Array.from({ length: 20_000 }, (_, i) => samplePackage({ name: `p${i}`, version: '1', licenses: ['MIT'] })),
};

describe('what the built-in policies may take', () => {
  test('more memory than they may have: unknown, and the next evaluation works', async () => {
    const policies = await open([], { memoryBytes: 8 * 2 ** 20 }, true);
    expect(await verdictOf(policies, LARGE)).toMatchObject({
      decision: 'unknown',
      reasons: [{ code: 'policy-failed' }],
    });
    expect(await verdictOf(policies)).toMatchObject({ decision: 'pass' });
  });
});

/** Processes of policies that work for `owner`, as /proc(5) shows them: their last argument names it. */
function processesOf(owner: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const words = commandLine(pid).split('\0').slice(0, -1);
      return words.at(-2)?.endsWith('policy-process.ts') && words.at(-1) === String(owner);
    });
}

/** Of a process and its threads: utime, in 1/100 s (proc_pid_stat(5)). */
function processorSeconds(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[11]) / 100;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}

describe('the process of a policy', () => {
  test('that is killed is a failure of that policy; the next evaluation has another', async () => {
    const policies = await open([], {}, true);
    await vi.waitFor(() => expect(processesOf(process.pid)).toHaveLength(1));
    const evaluation = verdictOf(policies, LARGE);
    for (const pid of processesOf(process.pid)) process.kill(pid, 'SIGSEGV');
    const { decision, reasons } = await evaluation;
    expect([decision, reasons[0]?.code]).toEqual(['unknown', 'policy-failed']);
    expect(reasons[0]?.message).toContain('its process ended (SIGSEGV)');
    expect(await verdictOf(policies)).toMatchObject({ decision: 'pass' });
  });

  test('is gone when the policies are closed', async () => {
    const policies = await openPolicies(
      { builtin: BUILTIN_BUNDLE, paths: [], opa: 'opa', shared: POLICIES },
      { spare: true },
    );
    expect(processesOf(process.pid)).toHaveLength(2);
    await policies.close();
    expect(processesOf(process.pid)).toEqual([]);
  });
});

/** It goes on for longer than its test waits, also where memory ends it. */
const LONG_LOOP =
  'violations contains {"message": "m"} if {\n\tvalues := numbers.range(1, 6000)\n\tsome x in values\n\tsome y in values\n\tx != y\n\tsome z in values\n\tz == 0\n}';

const LOOP =
  'violations contains {"message": "m"} if {\n\tsome x in numbers.range(1, 100000)\n\tsome y in numbers.range(1, 100000)\n\tx * y == -1\n}';

describe.skipIf(opa === null)('Rego of somebody else (opa)', () => {
  const judge = async (body: string, options: Partial<ProcessOptions> = {}) => {
    return verdictOf(await open([regoRule(place, 'r', body)], options));
  };

  test('a loop is ended at its deadline (policyMs, shortened); a spare process serves the next', async () => {
    const policies = await open([regoRule(place, 'r', LOOP)], { deadlineMs: 3_000, spare: true });
    for (const _ of [1, 2]) {
      const started = performance.now();
      const { decision, reasons } = await verdictOf(policies);
      expect([decision, reasons[0]?.code]).toEqual(['unknown', 'policy-failed']);
      expect(reasons[0]?.message).toContain('took longer than 3000 ms');
      expect(performance.now() - started).toBeLessThan(20_000);
    }
  });

  test('a loop does not outlive a Plimsoll that is killed', async () => {
    const bundle = join(place, 'loop');
    await buildBundle(regoRule(place, 'r', LONG_LOOP), bundle, { opa: opa!, shared: POLICIES });
    const script = `
      const { openPolicies } = await import(${JSON.stringify(import.meta.resolve('../../services/adapters/opa/open-policies.ts'))});
      const policies = await openPolicies({ builtin: null, paths: [${JSON.stringify(bundle)}], opa: '', shared: '' });
      void policies.evaluate({ params: { r: {} } });
      console.log('evaluating');
    `;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(owner.stdout, 'data');
      const [policy] = processesOf(owner.pid!);
      // So long no bundle takes to load: it is in its loop, and hears nothing.
      await vi.waitFor(() => expect(processorSeconds(policy!)).toBeGreaterThan(3), { timeout: 60_000 });
    } finally {
      owner.kill('SIGKILL');
    }
    await vi.waitFor(() => expect(processesOf(owner.pid!)).toEqual([]), { timeout: 5_000, interval: 100 });
  });

  test('what eats memory fails at its maximum (policyMemoryBytes, lowered)', async () => {
    const body = 'violations contains {"message": "m"} if count(numbers.range(1, 100000000)) == 1';
    const { decision, reasons } = await judge(body, { memoryBytes: 64 * 2 ** 20 });
    expect([decision, reasons[0]?.code]).toEqual(['unknown', 'policy-failed']);
  });

  test.each([
    ['undefined', 'violations contains x if {\n\tx := {"message": "m"}\n\tinput.absent\n}\n', 'pass'],
    ['a complete value that is undefined', 'violations := {{"message": "m"}} if input.absent\n\nother := 1', 'unknown'],
    ['a text', 'violations := "none"', 'unknown'],
    ['null', 'violations := null', 'unknown'],
    ['false', 'violations := false', 'unknown'],
    ['a list', 'violations := []', 'unknown'],
    ['an object', 'violations := {}', 'unknown'],
    ['nothing of the name', 'violation contains {"message": "m"}', 'unknown'],
    ['a set of texts', 'violations contains "m"', 'unknown'],
    ['a violation without message', 'violations contains {"evidence": {}}', 'unknown'],
    ['a violation with a number for message', 'violations contains {"message": 1}', 'unknown'],
    ['a violation of another level', 'violations contains {"message": "m", "level": "fatal"}', 'unknown'],
    ['a violation that names another rule', 'violations contains {"message": "m", "rule": "known_exploited"}', 'fail'],
    ['a conflict', 'violations := {1} if 1 == 1\n\nviolations := {2} if input.stage', 'unknown'],
    ['an error of a builtin', 'violations contains {"message": "m"} if to_number("x") == 1', 'pass'],
    ['a violation', 'violations contains {"message": "m"}', 'fail'],
  ])('an answer that is %s: %s', async (_, body, decision) => {
    const verdict = await judge(body);
    expect(verdict.decision).toBe(decision);
    expect(verdict.violations.every(({ rule }) => rule === 'r')).toBe(true);
  });

  const IN_RANGE = 'some row in input.report.packages\n\tplimsoll.version_in_range(row.type, row.version, ">=1")';
  const OLD = 'plimsoll.days_between(input.report.image.created, "2026-01-01") > 1';
  test.each([
    [
      'compares a version that does not compare',
      `violations contains {"message": "m"} if {\n\t${IN_RANGE}\n}`,
      'unknown',
    ],
    [
      'does so in a negation',
      `violations contains {"message": "m"} if {\n\tsome row in input.report.packages\n\tnot plimsoll.version_in_range(row.type, row.version, "<1")\n}`,
      'fail',
    ],
    [
      'does so and says that it cannot tell',
      `violations contains {"message": "m", "level": "undecided"} if {\n\tsome row in input.report.packages\n\tnot compared(row)\n}\n\ncompared(row) if is_boolean(plimsoll.version_in_range(row.type, row.version, "<1"))`,
      'unknown',
    ],
    [
      'does so where it changes nothing',
      `violations contains {"message": "m"} if {\n\t${IN_RANGE}\n\tinput.stage == "runtime"\n}`,
      'pass',
    ],
    ['counts days from what is no moment', `violations contains {"message": "m"} if ${OLD}`, 'unknown'],
    [
      'asks in a malformed range',
      'violations contains {"message": "m"} if plimsoll.version_in_range("deb", "1", ">>1")',
      'unknown',
    ],
    [
      'asks for a type without an order',
      'violations contains {"message": "m"} if plimsoll.version_in_range("bitnami", "1", ">1")',
      'unknown',
    ],
    ['formats what is no number', 'violations contains {"message": "m"} if sprintf("%d", ["x"]) == "1"', 'unknown'],
    [
      'splits by what is no pattern',
      'violations contains {"message": "m"} if count(regex.split("(", "a")) == 1',
      'unknown',
    ],
  ])('a rule that %s: %s', async (_, body, decision) => {
    const packages = [{ ...samplePackage({ name: 'curl', version: 'not a version!' }), type: 'gem' }];
    const report = { ...clean, packages, image: { ...clean.image, created: 'some day' } };
    const verdict = await verdictOf(await open([regoRule(place, 'r', body)]), report);
    expect(verdict.decision).toBe(decision);
  });

  test.each([
    ['YAML', 'violations contains {"message": "m"} if yaml.unmarshal(input.stage)', 'yaml.unmarshal'],
    [
      'JSON that nobody sees fail',
      'violations contains {"message": "m"} if json.is_valid(input.stage)',
      'json.is_valid',
    ],
    [
      'the network',
      'violations contains {"message": "m"} if http.send({"method": "get", "url": "http://127.0.0.1/"})',
      'http.send',
    ],
    ['the clock', 'violations contains {"message": "m"} if time.now_ns() > 0', 'time.now_ns'],
    ['its environment', 'violations contains {"message": "m"} if opa.runtime().env', 'opa.runtime'],
    ['chance', 'violations contains {"message": "m"} if rand.intn("x", 2) == 1', 'rand.intn'],
    ['Rego version 0', 'violations[x] { x := 1 }', 'rego_parse_error'],
    ['a rule without metadata', '\n\nviolations := set() # ', 'metadata'],
  ])('%s is refused when it is compiled', async (what, body, problem) => {
    const directory = regoRule(place, 'r', body);
    if (what === 'a rule without metadata')
      writeFileSync(join(directory, 'r.rego'), 'package plimsoll.rules.r\n\nviolations := set()\n');
    await expect(open([directory])).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringContaining(problem),
    });
  });

  test.each([
    ['no needs', 'critical: true', 'needs'],
    ['needs of nothing', 'needs: [vulnerabilities]', 'needs.0'],
    ['a parameter without default', 'needs: []\n#   params: {days: {description: d}}', 'params.days.default'],
  ])('metadata with %s are refused', async (_, metadata, problem) => {
    const directory = regoRule(place, 'r', 'violations := set()', metadata);
    await expect(open([directory])).rejects.toThrow(problem);
  });
});

/** The module with a memory section, where there was none: after tables (4), before globals (6). */
function withSecondMemory(wasm: Buffer): Buffer {
  let at = 8;
  while (wasm[at]! < 5) {
    let length = 0;
    let shift = 0;
    let next = at + 1;
    for (; wasm[next]! >= 0x80; next++, shift += 7) length |= (wasm[next]! & 0x7f) << shift;
    length |= wasm[next]! << shift;
    at = next + 1 + length;
  }
  // One memory of one page, without a maximum.
  return Buffer.concat([wasm.subarray(0, at), Buffer.of(5, 3, 1, 0, 1), wasm.subarray(at)]);
}

/** The module with the global that opa_wasm_abi_version exports set to 2 (WebAssembly core 5.5: sections 6 and 7). */
function laterAbi(wasm: Buffer): Buffer {
  const bytes = Buffer.from(wasm);
  let at = 8;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const globals: number[] = [];
  while (at < bytes.length) {
    const section = bytes[at++]!;
    const end = leb() + at;
    if (section === 6) {
      for (let count = leb(); count > 0; count--) {
        at += 2;
        // i32.const VALUE end
        at += 1;
        globals.push(at);
        leb();
        at += 1;
      }
    }
    if (section === 7) {
      for (let count = leb(); count > 0; count--) {
        const length = leb();
        const name = bytes.toString('latin1', at, at + length);
        at += length + 1;
        const index = leb();
        if (name !== 'opa_wasm_abi_version') continue;
        const place = globals[index]!;
        if (bytes[place] !== 1) throw new Error('the module has another ABI already');
        bytes[place] = 2;
        return bytes;
      }
    }
    at = end;
  }
  throw new Error('the module exports no opa_wasm_abi_version');
}
