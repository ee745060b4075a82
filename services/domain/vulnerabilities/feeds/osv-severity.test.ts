import { expect, test } from 'vitest';
import { levelOfWord } from './osv-severity.ts';

test.each([
  ['Important', 'high'],
  ['MODERATE', 'medium'],
  ['unimportant', 'negligible'],
  ['not yet assigned', 'unknown'],
])('the word %s means %s', (word, level) => {
  expect(levelOfWord(word)).toBe(level);
});
