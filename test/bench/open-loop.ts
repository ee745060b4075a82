import { Agent, request } from 'undici';
import type { MixedReview } from './review-mix.ts';

/** How one review ended. */
export interface Outcome {
  readonly kind: MixedReview['kind'];
  /** From the moment when it was due, not from when it was sent: a client that waits hides no delay. Milliseconds. */
  readonly latencyMs: number;
  readonly sentAt: number;
  readonly endedAt: number;
  /**
   * wrong: an answer with the other verdict, another uid or another status than 200. failure answer: the one that is configured
   * for what could not be judged in time, which says so.
   */
  readonly result: 'right' | 'failure answer' | 'wrong' | 'transport error';
  /** What was not right, in words; of a right verdict nothing. */
  readonly why: string | null;
  /** What a denial says. */
  readonly denial: string | null;
  readonly target: number;
}

export interface LoadOptions {
  /** `https://127.0.0.1:PORT`; reviews go to each in turn, as to the replicas of a Service. */
  readonly targets: readonly string[];
  readonly ca: string;
  readonly client: { readonly certificate: string; readonly key: string } | null;
  readonly perSecond: number;
  readonly seconds: number;
  readonly reviews: Iterator<MixedReview, never>;
  /** Whether a target takes new reviews: a Service leaves out one that is not ready. */
  readonly isReady?: (target: number) => boolean;
  /** Whether to go on when the time is over. */
  readonly goOn?: () => boolean;
  readonly onOutcome?: (outcome: Outcome) => void;
}

interface ReviewAnswer {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly message?: string };
  readonly auditAnnotations?: { readonly failure?: string };
}

/** Connections of an API server to one webhook; more than it needs at any budget. */
const CONNECTIONS = 64;
const TIMEOUT_SECONDS = 5;

/** Sends reviews at a fixed rate whether or not answers come (an open loop), over connections that are kept. */
export async function openLoop(options: LoadOptions): Promise<readonly Outcome[]> {
  const { targets, ca, client, perSecond, seconds, reviews } = options;
  const { isReady = () => true, goOn = () => false, onOutcome = () => {} } = options;
  const agent = new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    connect: { ca, ...(client !== null && { cert: client.certificate, key: client.key }) },
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
  });
  const outcomes: Promise<Outcome>[] = [];
  const begin = performance.now();
  const total = perSecond * seconds;
  let turn = 0;
  while (outcomes.length < total || goOn()) {
    const now = Math.floor(((performance.now() - begin) / 1_000) * perSecond) + 1;
    const due = goOn() ? now : Math.min(total, now);
    while (outcomes.length < due) {
      const dueAt = begin + (outcomes.length * 1_000) / perSecond;
      do turn = (turn + 1) % targets.length;
      while (!isReady(turn) && targets.some((_, index) => isReady(index)));
      const sent = send(agent, targets[turn]!, turn, reviews.next().value, dueAt);
      outcomes.push(sent);
      void sent.then(onOutcome);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const ended = await Promise.all(outcomes);
  await agent.destroy();
  return ended;
}

async function send(agent: Agent, target: string, index: number, review: MixedReview, dueAt: number): Promise<Outcome> {
  const sentAt = performance.now();
  let [result, why, denial]: [Outcome['result'], string | null, string | null] = ['right', null, null];
  try {
    const { statusCode, body } = await request(`${target}${review.path}?timeout=${TIMEOUT_SECONDS}s`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: review.body,
    });
    const text = await body.text();
    const answer = statusCode === 200 ? (JSON.parse(text) as { response?: ReviewAnswer }).response : undefined;
    const failure = answer?.auditAnnotations?.failure;
    denial = answer?.status?.message ?? null;
    if (failure !== undefined) [result, why] = ['failure answer', failure];
    else if (answer?.uid !== review.uid || answer.allowed !== review.allowed) {
      [result, why] = ['wrong', `${statusCode} ${text.slice(0, 500)}`];
    }
  } catch (error) {
    [result, why] = ['transport error', String((error as { code?: unknown }).code ?? error)];
  }
  const endedAt = performance.now();
  return { kind: review.kind, latencyMs: endedAt - dueAt, sentAt, endedAt, result, why, denial, target: index };
}

/** The smallest latency that `share` of all outcomes do not exceed. */
export function percentile(latencies: readonly number[], share: number): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
