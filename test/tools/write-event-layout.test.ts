import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { LAYOUT } from '../../services/domain/runtime/layout.ts';
import { eventLayout } from './write-event-layout.ts';

const hasCompiler = spawnSync('cc', ['--version']).status === 0;

test.skipIf(!hasCompiler)('layout.ts is what events.h says (else run: npm run layout; needs cc)', () => {
  expect(eventLayout()).toEqual(LAYOUT);
});

test.each(Object.entries(LAYOUT.structures))('%s has no hole, and no field that the list forgot', (_, structure) => {
  let end = 0;
  for (const [offset, size] of Object.values(structure.fields)) {
    expect(offset).toBe(end);
    end += size;
  }
  expect(end).toBe(structure.size);
});
