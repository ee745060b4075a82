import { describe, expect, test } from 'vitest';
import { withUndecided } from './silent-rules.ts';

const CALL = 'plimsoll.version_in_range("deb", "x", ">=1")';
const finding = (rule: string, change: object = {}) => ({ rule, message: 'm', ...change });
const undecided = (rule: string) => ({ rule, level: 'undecided', message: expect.stringContaining(CALL) });

describe('a rule that goes by an answer that a builtin does not have', () => {
  test('is undecided where either answer would have made it find something', () => {
    const value = [finding('a')];
    const more = [...value, finding('b')];
    expect(withUndecided(value, [more, value], [CALL])).toEqual([...value, undecided('b')]);
    expect(withUndecided(value, [value, more], [CALL])).toEqual([...value, undecided('b')]);
    expect(withUndecided([], [[finding('a'), finding('b')], []], [CALL])).toEqual([undecided('a'), undecided('b')]);
  });

  test('is undecided too where it has found something else', () => {
    const value = [finding('a', { message: 'one' })];
    expect(withUndecided(value, [[...value, finding('a', { message: 'two' })], value], [CALL])).toEqual([
      ...value,
      undecided('a'),
    ]);
  });

  test('is left alone where it says so itself, and where no answer changes what it finds', () => {
    const told = [finding('a', { level: 'undecided' })];
    expect(withUndecided(told, [[finding('a')], []], [CALL])).toEqual(told);
    expect(withUndecided([finding('a')], [[finding('a')], []], [CALL])).toEqual([finding('a')]);
  });

  test('has no answer where one of the values is none', () => {
    expect(() => withUndecided([], [undefined, []], [CALL])).toThrow(CALL);
    expect(withUndecided(undefined, [[finding('a')], []], [CALL])).toBeUndefined();
  });
});
