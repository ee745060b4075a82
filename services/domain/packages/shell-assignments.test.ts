import { expect, test } from 'vitest';
import { parseAssignments } from './shell-assignments.ts';

test.each([
  ['A=b', 'b'],
  ['A="b c"', 'b c'],
  ["A='b c'", 'b c'],
  ['A="b" # comment', 'b'],
  ['A=b # comment', 'b'],
  ['A="a \\"b\\" \\$c \\`d\\` \\\\e \\f"', 'a "b" $c `d` \\e \\f'],
  ["A='a \\n'", 'a \\n'],
  ['A=a\\ b', 'a b'],
  ['A=', ''],
  ['A=""', ''],
  ['A="unclosed', 'unclosed'],
  ["A='unclosed", 'unclosed'],
  ['  A=b  \r', 'b'],
  ['export A=b', 'b'],
  ['A=1\nA=2', '2'],
])('%j gives %j', (text, expected) => {
  expect(parseAssignments(text).get('A')).toBe(expected);
});

test('comments, blank lines and noise assign nothing', () => {
  expect([...parseAssignments('# A=b\n\nno assignment\n=c\nA B=c\n\0\0\n')]).toEqual([]);
});
