import { describe, expect, it } from 'vitest';
import { LIMITS, type Limits } from '../limits.ts';
import { type Analyzer, EMPTY_UNIT, type PackageRecord } from '../packages/ecosystem.ts';
import { languagePackage } from '../packages/package-file.ts';
import { WantedContent } from './wanted-content.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function named(name: string): PackageRecord {
  return languagePackage({ type: 'npm', name, version: '1', licenses: [], dependsOn: [] });
}

/** Says that a file holds one package whose name is its content; nothing of a file without any. Counts its calls. */
function analyzer(facts: Partial<Analyzer>): Analyzer & { readonly calls: string[][] } {
  const calls: string[][] = [];
  return {
    id: 'texts',
    version: 1,
    roots: [],
    wants: () => 'whole',
    readDatabase(files) {
      calls.push(files.map(({ path }) => path));
      const packagesOf = (bytes: Uint8Array) => (bytes.length === 0 ? [] : [named(decoder.decode(bytes))]);
      return {
        units: files.map(({ path, bytes }) => ({ ...EMPTY_UNIT, path, isDatabase: true, packages: packagesOf(bytes) })),
      };
    },
    ...facts,
    calls,
  };
}

/** Keeps the upper-case letters of what streams by. */
const extract: Analyzer['extract'] = () => {
  let kept = '';
  return {
    push: (piece) => {
      kept += decoder.decode(piece).replace(/[^A-Z]/g, '');
    },
    finish: () => (kept === '' ? null : encoder.encode(kept)),
  };
};

function content(limits: Partial<Limits> = {}): WantedContent {
  const unused = (): never => {
    throw new Error('not needed here');
  };
  return new WantedContent({ sha256: unused, inflate: unused, limits: { ...LIMITS, ...limits } });
}

function pass(kept: WantedContent, of: Analyzer, path: string, text: string, wanted: 'whole' | 'extract' = 'whole') {
  kept.start({ path, type: 'file', mode: 0o644, size: text.length }, [{ analyzer: of, as: path, wanted }]);
  for (const letter of text) {
    const lent = encoder.encode(letter);
    kept.push(lent);
    lent.fill(0x2a);
  }
  kept.end();
}

const found = (kept: WantedContent, of: Analyzer, stands = (_path: string) => true) =>
  kept.analyze(of, stands).facts.units.map(({ realPath, unit }) => `${realPath}: ${unit.packages[0]?.name}`);

describe('files of a database', () => {
  it('are read together, in the order of their names', () => {
    const database = analyzer({ roots: ['db'] });
    const kept = content();
    pass(kept, database, 'db/b', 'x');
    pass(kept, database, 'db/a', 'y');
    expect(database.calls).toEqual([]);
    expect(found(kept, database)).toEqual(['db/a: y', 'db/b: x']);
    expect(database.calls).toEqual([['db/a', 'db/b']]);
  });

  it('are held up to a limit', () => {
    const database = analyzer({ roots: ['db'] });
    const kept = content({ wantedLayerBytes: 3 });
    pass(kept, database, 'db/a', 'xx');
    kept.drop('db/a');
    pass(kept, database, 'db/b', 'xx');
    expect(() => pass(kept, database, 'db/c', 'yy')).toThrow(/wantedLayerBytes/);
  });
});

describe('files that speak for themselves', () => {
  const alone = () => analyzer({ perFile: true });

  it('are read as they end, and none is held', () => {
    const language = alone();
    const kept = content({ wantedLayerBytes: 3 });
    for (const path of ['b', 'a', 'c']) pass(kept, language, path, `in-${path}`.slice(-3));
    expect(language.calls).toEqual([['b'], ['a'], ['c']]);
    expect(found(kept, language)).toEqual(['a: n-a', 'b: n-b', 'c: n-c']);
    expect(language.calls).toHaveLength(3);
  });

  it('count as the layer leaves them', () => {
    const language = alone();
    const kept = content();
    pass(kept, language, 'a', 'old');
    kept.drop('a');
    pass(kept, language, 'a', 'new');
    pass(kept, language, 'gone', 'x');
    expect(found(kept, language, (path) => path !== 'gone')).toEqual(['a: new']);
  });

  it('of one past packageFileBytes one byte more is held, so that its reader can tell', () => {
    const language = alone();
    const kept = content({ packageFileBytes: 3, wantedFileBytes: 4 });
    pass(kept, language, 'at', 'abc');
    pass(kept, language, 'past', 'abcdefgh');
    expect(found(kept, language)).toEqual(['at: abc', 'past: abcd']);
    const database = analyzer({});
    pass(kept, database, 'database', 'abcd');
    expect(found(kept, database)).toEqual(['database: abcd']);
  });

  it('that say nothing are not remembered', () => {
    const language = alone();
    const kept = content();
    pass(kept, language, 'a', '');
    expect(kept.analyze(language, () => true).facts).toEqual({ read: [], units: [] });
  });

  it('stream through what extracts from them, so that no size is too much', () => {
    const program = analyzer({ extract });
    const kept = content({ wantedFileBytes: 3, wantedLayerBytes: 3 });
    pass(kept, program, 'bin/a', 'the Name Is Here', 'extract');
    pass(kept, program, 'bin/b', 'nothing', 'extract');
    expect(found(kept, program)).toEqual(['bin/a: NIH']);
    expect(kept.holds('bin/a')).toBe(false);
  });

  it('name so many packages in one layer, and no more', () => {
    const language = alone();
    const kept = content({ packages: 2 });
    pass(kept, language, 'a', 'x');
    pass(kept, language, 'b', 'x');
    expect(() => pass(kept, language, 'c', 'x')).toThrow(/packages/);
  });
});

describe('a file that two analyzers want', () => {
  it('is given to each in its own way', () => {
    const database = analyzer({ id: 'database', roots: ['a'] });
    const program = analyzer({ id: 'program', extract });
    const kept = content();
    kept.start({ path: 'a', type: 'file', mode: 0o755, size: 2 }, [
      { analyzer: database, as: 'a', wanted: 'whole' },
      { analyzer: program, as: 'a', wanted: 'extract' },
    ]);
    kept.push(encoder.encode('aB'));
    kept.end();
    expect([...found(kept, database), ...found(kept, program)]).toEqual(['a: aB', 'a: B']);
  });
});
