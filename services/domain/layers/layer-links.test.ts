import { describe, expect, it } from 'vitest';
import { LayerLinks } from './layer-links.ts';

const LIMITS = { layerLinks: 100, linkDepth: 40 };

function links(...entries: readonly (readonly [path: string, target: string])[]): LayerLinks {
  const made = new LayerLinks(LIMITS);
  for (const [path, target] of entries) made.note(path, 'symlink', target);
  return made;
}

describe('where an entry lands', () => {
  it.each([
    ['lib/x', [['lib', 'usr/lib']], 'usr/lib/x'],
    ['lib', [['lib', 'usr/lib']], 'lib'],
    [
      'lib/a/b/x',
      [
        ['lib', '/usr/lib'],
        ['usr/lib/a', '../c'],
      ],
      'usr/c/b/x',
    ],
    ['a/x', [['a', '../../b']], 'b/x'],
    ['a/b/x', [['a/b', '.']], 'a/x'],
    ['a/x', [['a', 'nowhere/deep']], 'nowhere/deep/x'],
    ['a/x', [['a', '/']], 'x'],
    ['ab/x', [['a', 'b']], 'ab/x'],
    [
      'a/x',
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
      'a/x',
    ],
  ] as const)('%s behind %j is %s', (path, made, expected) => {
    expect(links(...made).place(path)).toBe(expected);
  });

  it('follows a chain up to the depth, and no further', () => {
    const chain = new LayerLinks(LIMITS);
    for (let i = 0; i <= LIMITS.linkDepth; i++) chain.note(`l${i}`, 'symlink', `l${i + 1}`);
    expect(chain.place('l1/x')).toBe(`l${LIMITS.linkDepth + 1}/x`);
    expect(chain.place('l0/x')).toBe('l0/x');
  });

  it('counts what replaced a link, or the directory that it was in', () => {
    const made = links(['a', 'b'], ['c/d', '/e']);
    made.note('a', 'directory', null);
    expect(made.place('a/x')).toBe('a/x');
    made.note('c', 'directory', null);
    expect(made.place('c/d/x')).toBe('e/x');
    made.note('c', 'file', null);
    made.note('c', 'directory', null);
    expect(made.place('c/d/x')).toBe('c/d/x');
  });

  it('knows the target of a link by its placed path', () => {
    const made = links(['a/b', 'c']);
    expect([made.targetOf('a/b'), made.targetOf('a'), made.targetOf('x')]).toEqual(['c', null, null]);
  });

  it('places nothing by the links past the limit, and says so', () => {
    const made = new LayerLinks({ layerLinks: 1, linkDepth: 40 });
    made.note('a', 'symlink', 'b');
    expect(made.overflow).toBe(false);
    made.note('c', 'symlink', 'd');
    expect([made.overflow, made.place('a/x'), made.place('c/x')]).toEqual([true, 'b/x', 'c/x']);
  });
});
