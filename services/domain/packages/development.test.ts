import { expect, test } from 'vitest';
import { onlyDevelopment } from './development.ts';

const EDGES: Readonly<Record<string, string>> = { a: 'bc', b: 'a', c: 'd', x: 'yc', y: 'x' };
const next = (node: string) => EDGES[node] ?? '';

test.each([
  ['a', 'x', 'xy'],
  ['', 'x', 'xycd'],
  ['x', 'a', 'ab'],
  ['x', '', ''],
  ['d', 'c', 'c'],
])('%s needed, %s for development: %s only for it', (needed, development, only) => {
  expect([...onlyDevelopment(needed, development, next)].join('')).toBe(only);
});
