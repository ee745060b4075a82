import { expect, test } from 'vitest';
import { samplePackage } from '../../../test/support/sample-report.ts';
import { resolvedDependencies } from './dependencies.ts';

const npm = (name: string, version: string, dependsOn: readonly string[] = []) =>
  samplePackage({ id: `${name}@${version}`, type: 'npm', arch: null, name, version, dependsOn: [...dependsOn] });

test.each([
  ['^1.0.0', ['a@1.5.0']],
  ['~2.1', ['a@2.1.3']],
  ['>=1 <2', ['a@1.5.0']],
  ['>=1', []],
  ['^9.0.0', []],
  ['latest', []],
  ['2.1.3', ['a@2.1.3']],
])('a@%s of two versions is %j', (range, expected) => {
  const app = npm('app', '1.0.0', [`a@${range}`]);
  const packages = [app, npm('a', '1.5.0'), npm('a', '2.1.3')];
  expect(resolvedDependencies(packages).get(app.id)).toEqual(expected);
});

test.each([
  ['gem', 'racc (~> 1.4, >= 1.4.2)', 'racc', '1.6.2'],
  ['cargo', 'itoa@1.0.9', 'itoa', '1.0.9'],
  ['composer', 'psr/log:^1|^2', 'psr/log', '1.1.4'],
  ['nuget', 'newtonsoft.json/13.0.1', 'Newtonsoft.Json', '13.0.1'],
])('%s: %s leads to its package', (type, expression, name, version) => {
  const from = samplePackage({ type, name: 'from', version: '1', arch: null, dependsOn: [expression] });
  const others = [name, 'other'].map((each) => samplePackage({ type, name: each, version, arch: null }));
  expect(resolvedDependencies([from, ...others]).get(from.id)).toEqual([others[0]!.id]);
});

test('the only one there is counts, whatever the range says', () => {
  const app = npm('app', '1.0.0', ['a@^9.0.0', '@s/b@^1.0.0', 'c']);
  const packages = [app, npm('a', '1.5.0'), npm('@s/b', '1.0.0'), npm('c', '1.0.0')];
  expect(resolvedDependencies(packages).get(app.id)).toEqual(['@s/b@1.0.0', 'a@1.5.0', 'c@1.0.0']);
});
