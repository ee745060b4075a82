/**
 * `npm run bench:admission`: the budget of admission, and what happens to reviews while things break. See docs/benchmarks.md.
 * Progress goes to standard error, the result to standard output.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { shownSerial } from '../support/admission-server.ts';
import { AdmissionRig } from './admission-rig.ts';
import { type LoadOptions, type Outcome, openLoop, percentile } from './open-loop.ts';
import { type MixedReview, mixedReviews } from './review-mix.ts';
import { table } from './wording.ts';

const USAGE = `npm run bench:admission -- [options]

  --seconds N   how long each load lasts (default 60)
  --rate N      reviews a second (default 500)
  --highest     also look for the highest rate with p99 < 10 ms, in steps of 250
  --no-chaos    leave out the load during which things break
  --strict      exit with 1 if the budget is over
`;

const BUDGET_MS = 10;
const STEP = 250;
const STEP_SECONDS = 10;
const WARM_UP_SECONDS = 5;
/** What a failure answer says where the machine was too slow: no wrong verdict, but none at all. */
const LATE = 'longer than the API server waits';
/** How long new policies or a new certificate may take to be in force. */
const PATIENCE_MS = 180_000;
/** A connection to a killed process may end in an error for so long. */
const IN_FLIGHT_MS = 1_000;

const say = (line: string) => process.stderr.write(`bench: ${line}\n`);

interface Loaded {
  readonly title: string;
  readonly perSecond: number;
  readonly outcomes: readonly Outcome[];
  /** Of the replicas; null where one of them was killed. */
  readonly processorMs: number | null;
}

async function run(
  seconds: number,
  rate: number,
  highest: boolean,
  chaos: boolean,
): Promise<{ over: boolean; failures: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  // PostgreSQL's account passes through it.
  chmodSync(directory, 0o711);
  const rig = new AdmissionRig(directory);
  const loads: Loaded[] = [];
  const faults: string[] = [];
  try {
    say('starting a store, a queue and two replicas, and scanning images');
    await rig.start(2);
    const load = async (
      title: string,
      perSecond: number,
      forSeconds: number,
      shares: { repeats: number; fresh: number },
    ) => {
      say(`${title}: ${perSecond} reviews/s for ${forSeconds} s`);
      const before = rig.processorMs();
      const outcomes = await send(rig, perSecond, forSeconds, shares);
      const loaded = { title, perSecond, outcomes, processorMs: rig.processorMs() - before };
      loads.push(loaded);
      return loaded;
    };
    const mix = { repeats: 70, fresh: 20 };
    say('warming up');
    await send(rig, rate, WARM_UP_SECONDS, mix);
    const main = await load('the mix', rate, seconds, mix);
    await load('new pod templates only', rate, Math.min(seconds, 20), { repeats: 0, fresh: 100 });
    if (highest) await highestRate(rate, (perSecond) => load('the mix', perSecond, STEP_SECONDS, mix));
    if (chaos) {
      const { loaded, told } = await duringChaos(rig, rate, seconds);
      loads.push(loaded);
      faults.push(...told);
    }
    process.stdout.write(`${[...describe(), '', ...rows(loads), '', ...faults].join('\n')}\n`);
    const all = loads.flatMap(({ outcomes }) => outcomes);
    for (const line of new Set(
      all.flatMap(({ result, why }) => (result === 'right' ? [] : [`${result}: ${why}`])).slice(0, 1_000),
    )) {
      process.stdout.write(`${line}\n`);
    }
    const failed = all.filter(
      ({ result, why }) => result === 'wrong' || (result === 'failure answer' && !why!.includes(LATE)),
    );
    return {
      over: p99(main.outcomes) > BUDGET_MS,
      failures: failed.length + faults.filter((line) => line.startsWith('FAILED')).length,
    };
  } finally {
    await rig.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** While the mix is sent, one thing after the other breaks and is mended; at last one of the two replicas is killed. */
async function duringChaos(rig: AdmissionRig, perSecond: number, seconds: number) {
  const part = (seconds * 1_000) / 10;
  const ports = rig.replicas.map(({ url }) => Number(new URL(url).port));
  const [, victim] = rig.replicas;
  const denials: string[] = rig.replicas.map(() => '');
  let [killedAt, isBreaking] = [Number.POSITIVE_INFINITY, true];
  const steps: (readonly [what: string, step: () => Promise<void> | void])[] = [
    ['the store goes', () => rig.stopStore()],
    ['the store is back', () => rig.startStore()],
    ['the queue goes', () => rig.stopQueue()],
    ['the queue is back', () => rig.startQueue()],
    [
      'policies are reloaded',
      async () => {
        rig.reloadPolicies();
        await until(async () => denials.every((each) => each.includes(`(revision ${rig.revision})`)));
      },
    ],
    [
      'the certificate is another',
      async () => {
        rig.rotateCertificate();
        await until(async () => (await Promise.all(ports.map(shownSerial))).every((serial) => serial === rig.serial));
      },
    ],
    [
      'one of two replicas is killed',
      () => {
        killedAt = performance.now();
        return rig.kill(victim!);
      },
    ],
  ];
  const breaking = (async () => {
    for (const [what, step] of steps) {
      await sleep(part);
      say(what);
      await step();
    }
    await sleep(part);
  })().then(
    () => null,
    (error: Error) => error.message,
  );
  void breaking.then(() => {
    isBreaking = false;
  });
  say(`the mix while things break: ${perSecond} reviews/s for ${seconds} s and until all is done`);
  const outcomes = await send(
    rig,
    perSecond,
    seconds,
    { repeats: 70, fresh: 20 },
    {
      // A Service sends nothing more to what is gone.
      isReady: (target) => target !== 1 || performance.now() < killedAt,
      goOn: () => isBreaking,
      onOutcome: ({ target, denial }) => {
        if (denial !== null) denials[target] = denial;
      },
    },
  );
  const broken = outcomes.filter(({ result }) => result === 'transport error');
  const unexpected = broken.filter(
    ({ target, endedAt }) => target !== 1 || endedAt < killedAt || endedAt > killedAt + IN_FLIGHT_MS,
  );
  const unfinished = await breaking;
  const told = [
    ...(unfinished === null ? [] : [`FAILED  what was to break or to change under load: ${unfinished}`]),
    `${broken.length} reviews were on connections to the killed replica and ended in a transport error: their failurePolicy decides`,
    ...unexpected.slice(0, 5).map(({ why }) => `FAILED  a transport error that no killed replica explains: ${why}`),
  ];
  return { loaded: { title: 'the mix while things break', perSecond, outcomes, processorMs: null }, told };
}

/** Raises where it does not become so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await isSo()); await sleep(100)) {
    if (Date.now() > deadline) throw new Error('it did not come into force');
  }
}

function send(
  rig: AdmissionRig,
  perSecond: number,
  seconds: number,
  shares: { readonly repeats: number; readonly fresh: number },
  more: Partial<LoadOptions> = {},
): Promise<readonly Outcome[]> {
  const reviews: Iterator<MixedReview, never> = mixedReviews({ good: rig.good, bad: rig.bad, ...shares });
  const targets = rig.replicas.map(({ url }) => url);
  const { ca, client } = rig;
  return openLoop({ targets, ca, client, perSecond, seconds, reviews, ...more });
}

/** Up from the budget's rate until p99 is over. */
async function highestRate(from: number, load: (perSecond: number) => Promise<Loaded>): Promise<void> {
  for (let rate = from; ; rate += STEP) if (p99((await load(rate)).outcomes) > BUDGET_MS) return;
}

function p99(outcomes: readonly Outcome[]): number {
  return percentile(
    outcomes.map(({ latencyMs }) => latencyMs),
    0.99,
  );
}

function describe(): readonly string[] {
  const [cpu] = cpus();
  return [
    `machine   ${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads, Node ${process.versions.node}`,
    `load      ${loadavg()
      .map((average) => average.toFixed(1))
      .join(' ')} at the end (1, 5, 15 min); client, two replicas, store and queue share the machine`,
    'latency   from the moment a review was due (open loop); bodies of 6 kB, TLS with client certificates, connections kept',
  ];
}

function rows(loads: readonly Loaded[]): readonly string[] {
  const results = ['failure answer', 'wrong', 'transport error'] as const;
  const head = ['load', 'reviews/s', 'reviews', 'p50', 'p99', 'p99.9', 'longest', 'processor time', ...results];
  return table([
    head,
    ...loads.map(({ title, perSecond, outcomes, processorMs }) => {
      const latencies = outcomes.map(({ latencyMs }) => latencyMs);
      const at = (share: number) => `${percentile(latencies, share).toFixed(1)} ms`;
      return [
        title,
        String(perSecond),
        String(outcomes.length),
        ...[0.5, 0.99, 0.999, 1].map(at),
        processorMs === null ? '-' : `${(processorMs / outcomes.length).toFixed(2)} ms each`,
        ...results.map((result) => String(outcomes.filter((each) => each.result === result).length)),
      ];
    }),
  ]);
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '500' },
    highest: { type: 'boolean', default: false },
    'no-chaos': { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [seconds, rate] = [Number(values.seconds), Number(values.rate)];
if (values.help) process.stdout.write(USAGE);
else if (!Number.isInteger(seconds) || seconds < 1 || !Number.isInteger(rate) || rate < 1) {
  process.stderr.write(`--seconds and --rate are whole numbers from 1\n${USAGE}`);
  process.exitCode = 1;
} else {
  const { over, failures } = await run(seconds, rate, values.highest, !values['no-chaos']);
  const held = `${over ? 'OVER' : 'PASS'}     the mix at ${rate} reviews/s, p99 ≤ ${BUDGET_MS} ms`;
  const right =
    failures === 0
      ? 'PASS     every verdict is right'
      : `FAILED   ${failures} answers or connections that should not be so`;
  process.stdout.write(`\nbudgets\n  ${held}\n  ${right}\n`);
  process.exitCode = failures > 0 || (over && values.strict) ? 1 : 0;
}
