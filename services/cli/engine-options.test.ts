import { expect, test } from 'vitest';
import { PlimsollError } from '../domain/errors.ts';
import { type EngineOptions, parseEngines } from './engine-options.ts';

const plain = { path: null, sha256: null };
const HEX = 'ab'.repeat(32);

test.each<[EngineOptions, ReturnType<typeof parseEngines>]>([
  [{}, []],
  [{ engine: ['plimsoll'] }, []],
  [
    { engine: ['plimsoll,syft, trivy', 'syft'] },
    [
      { name: 'trivy', ...plain },
      { name: 'syft', ...plain },
    ],
  ],
  [
    { engine: ['syft'], enginePath: ['syft=/opt/a=b'], engineSha256: [`syft=${HEX.toUpperCase()}`] },
    [{ name: 'syft', path: '/opt/a=b', sha256: HEX }],
  ],
  // The settings file: for those that are asked for only, and each option stands above what it says.
  [{ engineSettings: { trivy: { path: '/t' } } }, []],
  [
    { engine: ['trivy,syft'], engineSettings: { trivy: { path: '/t', sha256: HEX.toUpperCase() } } },
    [
      { name: 'trivy', path: '/t', sha256: HEX },
      { name: 'syft', ...plain },
    ],
  ],
  [
    { engine: ['trivy'], enginePath: ['trivy=/mine'], engineSettings: { trivy: { path: '/t', sha256: HEX } } },
    [{ name: 'trivy', path: '/mine', sha256: HEX }],
  ],
  [
    {
      engine: ['trivy'],
      engineSha256: [`trivy=${'0'.repeat(64)}`],
      engineSettings: { trivy: { path: '/t', sha256: HEX } },
    },
    [{ name: 'trivy', path: '/t', sha256: '0'.repeat(64) }],
  ],
])('%o asks for %o', (options, engines) => {
  expect(parseEngines(options)).toEqual(engines);
});

test.each<[EngineOptions, RegExp]>([
  [{ engine: ['grype'] }, /"grype" is no engine; there are plimsoll, trivy, syft/],
  [{ engine: ['trivy,'] }, /"" is no engine/],
  [{ engine: ['trivy'], enginePath: ['/bin/trivy'] }, /is not NAME=VALUE/],
  [{ engine: ['trivy'], enginePath: ['trivy='] }, /is not NAME=VALUE/],
  [{ engine: ['trivy'], enginePath: ['plimsoll=/x'] }, /"plimsoll" is no engine/],
  [{ engine: ['trivy'], enginePath: ['trivy=/x', 'trivy=/y'] }, /twice/],
  [{ engine: ['trivy'], enginePath: ['syft=/x'] }, /named for syft, which --engine does not ask for/],
  [{ engine: ['trivy'], engineSha256: ['trivy=sha256:00'] }, /is no SHA-256/],
])('%o is refused', (options, message) => {
  expect(() => parseEngines(options)).toThrow(PlimsollError);
  expect(() => parseEngines(options)).toThrow(message);
});
