/** Folders of a package that hold made-up packages for its tests, which nothing loads. */
const FIXTURES: ReadonlySet<string> = new Set([
  ...['test', 'tests', '__tests__', 'testing', 'testdata', 'test-data', 'spec', 'specs', 'e2e'],
  ...['fixture', 'fixtures', '__fixtures__', 'mock', 'mocks', '__mocks__'],
  ...['example', 'examples', 'demo', 'demos', 'bench', 'benchmark', 'benchmarks'],
]);

/** Whether one of these folders inside a package is there for tests. */
export function haveFixtures(folders: readonly string[]): boolean {
  return folders.some((folder) => FIXTURES.has(folder.toLowerCase()));
}
