import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBundle } from '../../services/adapters/opa/bundle.ts';
import { PolicyProcesses } from '../../services/adapters/opa/policy-processes.ts';
import { PlimsollError } from '../../services/domain/errors.ts';
import type { Policy } from '../../services/domain/verdict/policy.ts';
import type { PolicyInput } from '../../services/domain/verdict/policy-input.ts';
import { readSettings } from '../../services/domain/verdict/settings.ts';
import { readFindings } from '../../services/domain/verdict/violations.ts';
import { mutated } from '../support/mutation.ts';
import { BUILTIN_BUNDLE, changedBundle } from '../support/policy-bundles.ts';
import { scratch } from '../support/scan.ts';

const place = scratch('policy-fuzz');
const WASM = readFileSync(join(BUILTIN_BUNDLE, 'policy.wasm'));
const MANIFEST = readFileSync(join(BUILTIN_BUNDLE, 'manifest.json'));
const POLICY: Policy = { name: 'damaged', digest: `sha256:${'0'.repeat(64)}`, builtin: false, rules: [] };

test('damaged WebAssembly is refused, or fails, or answers; nothing else, and in time', async () => {
  const options = { deadlineMs: 3_000, memoryBytes: 64 * 2 ** 20, spare: false };
  await fc.assert(
    fc.asyncProperty(mutated([WASM]), async (bytes) => {
      const wasm = Uint8Array.from(bytes);
      let processes: PolicyProcesses;
      try {
        processes = await PolicyProcesses.start([{ policy: POLICY, wasm }], options);
      } catch (error) {
        expect(error).toMatchObject({ code: 'POLICY_INVALID' });
        return;
      }
      try {
        const [outcome] = await processes.evaluate({ report: {}, params: {} } as unknown as PolicyInput);
        // It has no rules, so that whatever it finds is refused too.
        const read = readFindings(outcome!);
        if ('findings' in read) expect(read.findings).toEqual([]);
      } finally {
        await processes.close();
      }
    }),
    { numRuns: 60 },
  );
}, 180_000);

test('a damaged manifest is refused, or is one', async () => {
  const bundle = changedBundle(place);
  await fc.assert(
    fc.asyncProperty(mutated([MANIFEST, readFileSync(join(bundle, 'manifest.json'))]), async (bytes) => {
      writeFileSync(join(bundle, 'manifest.json'), bytes);
      try {
        expect((await readBundle(bundle, false)).policy.rules.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(PlimsollError);
        expect(error).toMatchObject({ code: 'POLICY_INVALID' });
      }
    }),
    { numRuns: 500 },
  );
});

test('no document makes settings throw anything but SETTINGS_INVALID', () => {
  const part = fc.anything({ maxDepth: 4 });
  const near = fc.record({
    policy: fc.record({ rules: part, scopes: part, exceptions: fc.array(part), builtin: part }, { requiredKeys: [] }),
  });
  fc.assert(
    fc.property(fc.oneof(part, near), (document) => {
      try {
        expect(readSettings(document, 'x').policy).toBeDefined();
      } catch (error) {
        expect(error).toMatchObject({ code: 'SETTINGS_INVALID' });
      }
    }),
    { numRuns: 2_000 },
  );
});
