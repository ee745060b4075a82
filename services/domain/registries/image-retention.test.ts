import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expiredImages, type RetainedImage, type RetainedPlace, type RetentionRule } from './image-retention.ts';

const NOW = '2026-05-31T00:00:00.000Z';
const daysAgo = (days: number): string => new Date(Date.parse(NOW) - days * 86_400_000).toISOString();
const place = (more: Partial<RetainedPlace> = {}): RetainedPlace => {
  return { registry: 'hub', repository: 'team/app', tags: ['v1'], pushedAt: daysAgo(10), deletedAt: null, ...more };
};
const image = (digest: string, places: readonly RetainedPlace[], more: Partial<RetainedImage> = {}): RetainedImage => {
  return { digest, reference: digest, parents: [], held: false, places, ...more };
};
const gone = (rules: readonly RetentionRule[], ...images: readonly RetainedImage[]): string[] =>
  expiredImages(rules, images, NOW).map(({ digest }) => digest);

describe('an image stays', () => {
  it('without rules, and where none speaks of it', () => {
    expect(gone([], image('a', [place()]))).toEqual([]);
    const rule = { maxAgeDays: 1 };
    expect(gone([{ ...rule, registry: 'other' }], image('a', [place()]))).toEqual([]);
    expect(gone([{ ...rule, repositories: ['other/**'] }], image('a', [place()]))).toEqual([]);
    expect(gone([{ ...rule, tags: ['release-*'] }], image('a', [place()]))).toEqual([]);
    expect(gone([rule], image('a', []))).toEqual([]);
  });
  it('where it runs or was admitted', () => {
    expect(gone([{ maxAgeDays: 1 }], image('a', [place()], { held: true }), image('b', [place()]))).toEqual(['b']);
  });
  it('as long as one of its places keeps it', () => {
    const rule = { repositories: ['team/**'], maxAgeDays: 1 };
    expect(gone([rule], image('a', [place(), place({ repository: 'other/app' })]))).toEqual([]);
    expect(gone([rule], image('a', [place(), place({ pushedAt: NOW })]))).toEqual([]);
  });
  it('where an earlier rule keeps it', () => {
    const rules = [{ tags: ['release-*'], keepLast: 5 }, { maxAgeDays: 1 }];
    const release = place({ tags: ['release-1'] });
    expect(gone(rules, image('a', [release]), image('b', [place()]))).toEqual(['b']);
  });
});

describe('an image goes', () => {
  it('past its age, or behind the last ones; past both where both are given', () => {
    const images = [1, 5, 40, 90].map((days) => image(`d${days}`, [place({ pushedAt: daysAgo(days) })]));
    expect(gone([{ maxAgeDays: 30 }], ...images)).toEqual(['d40', 'd90']);
    expect(gone([{ keepLast: 1 }], ...images)).toEqual(['d40', 'd5', 'd90']);
    expect(gone([{ keepLast: 3, maxAgeDays: 30 }], ...images)).toEqual(['d90']);
    expect(gone([{ keepLast: 1, maxAgeDays: 30 }], ...images)).toEqual(['d40', 'd90']);
  });
  it('by numbers of each repository, of what the rule speaks of', () => {
    const rule = { tags: ['v*'], keepLast: 1 };
    const [one, two, three] = [1, 2, 3].map(daysAgo) as [string, string, string];
    const images = [
      image('a', [place({ pushedAt: two })]),
      image('b', [place({ pushedAt: three })]),
      image('c', [place({ repository: 'team/other', pushedAt: three })]),
      image('latest', [place({ tags: ['latest'], pushedAt: one })]),
    ];
    expect(gone([rule], ...images)).toEqual(['b']);
  });
  it('so long after its registry has deleted it, and not without a rule for that', () => {
    const deleted = image('a', [place({ tags: [], deletedAt: daysAgo(8) })]);
    expect(gone([{ deletedDays: 7 }], deleted)).toEqual(['a']);
    expect(gone([{ deletedDays: 8 }], deleted)).toEqual([]);
    expect(gone([{ maxAgeDays: 1, keepLast: 1 }], deleted)).toEqual([]);
    // It is none of the last ones any more.
    const live = image('b', [place({ pushedAt: daysAgo(50) })]);
    expect(gone([{ keepLast: 1, deletedDays: 7 }], deleted, live)).toEqual(['a']);
  });
  it('with all indexes that hold it, and not before', () => {
    const rule = { tags: ['v*'], maxAgeDays: 30 };
    const old = place({ pushedAt: daysAgo(40) });
    const child = (parents: readonly string[]) => image('child', [place({ tags: [] })], { parents });
    const [before, fresh] = [image('before', [old]), image('fresh', [place()])];
    expect(gone([rule], before, child(['before']))).toEqual(['before', 'child']);
    expect(gone([rule], before, fresh, child(['before', 'fresh']))).toEqual(['before']);
    const tagged = image('child', [place({ tags: ['v1-amd64'] })], { parents: ['before'] });
    expect(gone([rule], before, tagged)).toEqual(['before']);
  });
  it('and images of indexes are none of the last ones beside them', () => {
    const [newer, older] = [place({ pushedAt: daysAgo(1) }), place({ pushedAt: daysAgo(2) })];
    const children = ['x', 'y'].map((digest) =>
      image(digest, [place({ tags: [], pushedAt: daysAgo(0) })], { parents: ['newer'] }),
    );
    expect(gone([{ keepLast: 2 }], image('newer', [newer]), image('older', [older]), ...children)).toEqual([]);
  });
  it('and says why', () => {
    const [expired] = expiredImages([{ keepLast: 0, maxAgeDays: 5 }], [image('a', [place()])], NOW);
    expect(expired!.because).toEqual(['hub/team/app: not among the last 0, pushed more than 5 days ago']);
  });
});

it('keeps the last ones of each repository, whatever was pushed when, and more where more are to be kept', () => {
  const pushes = fc.array(fc.record({ days: fc.nat(100), repository: fc.constantFrom('a', 'b') }), { maxLength: 30 });
  fc.assert(
    fc.property(pushes, fc.nat(10), (pushed, keepLast) => {
      const images = pushed.map(({ days, repository }, i) =>
        image(`i${i}`, [place({ repository, pushedAt: daysAgo(days) })]),
      );
      const expired = new Set(gone([{ keepLast }], ...images));
      for (const repository of ['a', 'b']) {
        const here = images.filter(({ places }) => places[0]!.repository === repository);
        expect(here.filter(({ digest }) => !expired.has(digest))).toHaveLength(Math.min(keepLast, here.length));
      }
      const fewer = new Set(gone([{ keepLast: keepLast + 1 }], ...images));
      expect([...fewer].filter((digest) => !expired.has(digest))).toEqual([]);
    }),
  );
});
