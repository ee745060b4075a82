import { expect, test } from 'vitest';
import { samplePackage } from '../../../test/support/sample-report.ts';
import { resolvedDependencies } from './dependencies.ts';

/** Which of the packages (`name@version`) the expression leads the first one to. */
function meant(type: string, expression: string, ...packages: string[]): string | undefined {
  const all = packages.map((text) => {
    const [name, version] = text.split(/(?<!^)@/) as [string, string];
    return samplePackage({ type, name, version, arch: null, id: text });
  });
  const first = samplePackage({ type, name: 'first', version: '1', arch: null, id: 'first', dependsOn: [expression] });
  return resolvedDependencies([first, ...all]).get('first')![0];
}

test.each([
  ['npm', '@scope/a@^1.0', '@scope/a@1.2.0'],
  ['cargo', 'memchr@2.7.4', 'memchr@2.7.4'],
  ['composer', 'acme/log:^1.0|^2.0', 'acme/log@1.4.0'],
  ['gem', 'racc (~> 1.4)', 'racc@1.7.3'],
  ['nuget', 'Serilog/3.0.0', 'Serilog@3.1.1'],
  ['pypi', 'requests>=2', 'requests@2.31.0'],
  ['deb', 'libc6:any (>= 2.36)', 'libc6@2.36-9'],
])('%s: %s', (type, expression, target) => expect(meant(type, expression, target, 'other@1')).toBe(target));

test('of several versions the one that is named, and none where none is', () => {
  expect(meant('cargo', 'memchr@2.7.4', 'memchr@1.0.2', 'memchr@2.7.4')).toBe('memchr@2.7.4');
  expect(meant('nuget', 'A/1.0', 'A@1.0', 'A@2.0')).toBeUndefined();
});
