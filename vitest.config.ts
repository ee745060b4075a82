import { defineConfig } from 'vitest/config';
import { summaryReporter } from './test/support/summary.ts';

const PURE = 'services/{domain,pipeline}/**/*.test.ts';
const UNIT_FOLDERS_OF_TEST = 'test/{architecture,support,tools}/**/*.test.ts';

export default defineConfig({
  test: {
    reporters: ['default', summaryReporter()],
    projects: [
      // Pure layers share one context per worker: they hold no state, and isolation costs seconds.
      { test: { name: 'domain', include: [PURE], isolate: false } },
      { test: { name: 'edges', include: ['services/**/*.test.ts', UNIT_FOLDERS_OF_TEST], exclude: [PURE] } },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: [UNIT_FOLDERS_OF_TEST],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
