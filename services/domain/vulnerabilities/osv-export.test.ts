import { expect, test } from 'vitest';
import { exportedEcosystem, speaksFor } from './osv-export.ts';

test.each([
  ['osv/npm/all.zip/GHSA-1.json', 'npm'],
  ['Rocky Linux/all.zip', 'Rocky Linux'],
  ['Debian/all.zip/npm/x.json', 'Debian'],
  ['all.zip/GHSA-1.json', null],
  ['feeds/all.zip/GHSA-1.json', null],
  ['npm/GHSA-1.json', null],
  ['npm/small.zip/GHSA-1.json', null],
])('%s is an export of %s', (path, expected) => {
  expect(exportedEcosystem(path)).toBe(expected);
});

test.each([
  ['npm', 'npm', true],
  ['Debian', 'Debian:12', true],
  ['Kubernetes', 'kubernetes', true],
  ['Maven', 'NuGet', false],
  ['SUSE', 'openSUSE:Leap 15.6', false],
])('the export of %s speaks for %s: %s', (exported, ecosystem, expected) => {
  expect(speaksFor(exported, ecosystem)).toBe(expected);
});
