import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { type DeliverySource, readDelivery } from '../../services/domain/registries/read-delivery.ts';
import { REGISTRY_KINDS } from '../../services/domain/registries/registry-kind.ts';
import { mutated } from '../support/mutation.ts';
import { DELIVERY_SAMPLES } from '../support/registry-deliveries.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const CORPUS = DELIVERY_SAMPLES.map(({ document }) => encode(JSON.stringify(document)));
const limits = { ...LIMITS, deliveryEvents: 20 };

/** Whatever comes in: refused with a reason, or events that hold to their grammar, with nothing left out unsaid. */
function check(bytes: Uint8Array, source: DeliverySource): void {
  const reading = readDelivery(bytes, source, limits);
  if ('refused' in reading) {
    expect(reading.refused).not.toBe('');
    return;
  }
  const { events, ignored, flaws, flawCount } = reading.delivery;
  expect(events.length).toBeLessThanOrEqual(20);
  expect(flaws.length).toBe(Math.min(flawCount, LIMITS.listedFlaws));
  for (const flaw of flaws) expect(flaw.length).toBeLessThan(500);
  for (const { repository, tag, digest, eventId, occurredAt, action, registry } of events) {
    expect(registry).toBe('r');
    expect(repository).toMatch(/^[a-z0-9][a-z0-9._/-]{0,254}$/);
    expect(repository.split('/').filter((part) => /^(?:|\.+)$/.test(part))).toEqual([]);
    if (tag !== null) expect(tag).toMatch(/^\w[\w.-]{0,127}$/);
    if (digest !== null) expect(digest).toMatch(/^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/);
    if (eventId !== null) expect(eventId).toMatch(/^\P{Cc}{1,256}$/u);
    if (occurredAt !== null) expect(Number.isNaN(Date.parse(occurredAt))).toBe(false);
    if (action === 'push') expect(tag ?? digest).not.toBeNull();
  }
  expect(events.length + ignored.pull + ignored.blob + ignored.other + flawCount).toBeGreaterThan(0);
}

describe.each(REGISTRY_KINDS)('%s', (kind) => {
  const source = { registry: 'r', kind, host: null };
  const own = CORPUS.filter((_, index) => DELIVERY_SAMPLES[index]!.kind === kind);

  test('damaged deliveries, of its own and of other kinds', () => {
    fc.assert(
      fc.property(fc.oneof(mutated(own), mutated(CORPUS)), (bytes) => check(bytes, source)),
      { numRuns: 3_000 },
    );
  });
  test('any value in any place', () => {
    const samples = DELIVERY_SAMPLES.filter((sample) => sample.kind === kind);
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.nat(60),
        fc.anything({ maxDepth: 2 }),
        ({ document }, place, value) => {
          let seen = 0;
          const text = JSON.stringify(document, (_, old: unknown) => (seen++ === place ? toJson(value) : old));
          check(encode(text ?? 'null'), source);
        },
      ),
      { numRuns: 3_000 },
    );
  });
  test('any bytes and any JSON', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(encode)), (bytes) => check(bytes, source)),
      { numRuns: 1_000 },
    );
  });
});

/** What JSON can say of it. */
function toJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null');
  } catch {
    return null;
  }
}
