import { defineConfig } from 'vitest/config';
import { summaryReporter } from './test/support/summary.ts';

const PURE = 'services/{domain,pipeline}/**/*.test.ts';
const setupFiles = ['test/support/fast-check-seed.ts'];
/** Patient: a machine that runs other work besides must not fail a test that is right. */
const testTimeout = 60_000;
/**
 * V8 guards compiled code by the processor's protection keys, and ends the process where threads that come and go confuse
 * its list of pages ("Check failed: jit_page.has_value()", nodejs/node#64500). Tests start thousands of threads.
 */
const execArgv = ['--no-memory-protection-keys'];
const UNIT_FOLDERS_OF_TEST = 'test/{architecture,support,tools}/**/*.test.ts';

export default defineConfig({
  test: {
    reporters: ['default', summaryReporter()],
    // By default one processor is left idle: half of a small machine.
    maxWorkers: '100%',
    projects: [
      // Pure layers share one context per worker: they hold no state, and isolation costs seconds.
      { test: { name: 'domain', include: [PURE], isolate: false, setupFiles, testTimeout, execArgv } },
      {
        test: {
          name: 'edges',
          include: ['{services,webhooks}/**/*.test.ts', UNIT_FOLDERS_OF_TEST],
          exclude: [PURE],
          setupFiles,
          testTimeout,
          execArgv,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: [UNIT_FOLDERS_OF_TEST],
          setupFiles,
          testTimeout: 180_000,
          execArgv,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
