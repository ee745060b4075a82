import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

/**
 * The last lines of every run: what was skipped, by name, and `N passed, N failed, N skipped`, for people and for
 * machines. A run in which no test ran, or that was stopped, has failed. .ci/run names a file for these lines in
 * PLIMSOLL_TEST_SUMMARY, so that it can print them after all else.
 */
export function summaryReporter(): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors, reason) {
      const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
      const skipped: string[] = [];
      for (const module of modules) {
        for (const test of module.children.allTests()) {
          const { state } = test.result();
          if (state === 'pending') count.failed += 1;
          else count[state] += 1;
        }
        // A module that could not be loaded, or whose hooks failed, has errors and perhaps no test at all.
        if (module.errors().length > 0) count.failed += 1;
        for (const suite of module.children.allSuites()) if (suite.errors().length > 0) count.failed += 1;
        skipped.push(...skippedNames(module).map((name) => `  ${module.relativeModuleId} › ${name}`));
      }
      const lines = skipped.length > 0 ? ['Skipped:', ...skipped, ''] : [];
      lines.push(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`, '');
      const file = process.env.PLIMSOLL_TEST_SUMMARY;
      if (file) appendFileSync(file, lines.join('\n'));
      else process.stdout.write(lines.join('\n'));
      if (count.passed + count.failed === 0 || count.failed > 0 || reason === 'interrupted') process.exitCode = 1;
    },
  };
}

/** The outermost skipped suite or test stands for all that is in it. */
function skippedNames(parent: TestModule | TestSuite): string[] {
  const names: string[] = [];
  for (const child of parent.children) {
    const tests = child.type === 'suite' ? [...child.children.allTests()] : [child];
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    if (skipped.length === 0) continue;
    if (skipped.length < tests.length && child.type === 'suite') {
      names.push(...skippedNames(child).map((name) => `${child.name} › ${name}`));
    } else names.push(child.name);
  }
  return names;
}
