import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GAP_CLASSES } from '../../services/domain/completeness.ts';
import { ERROR_TABLE } from '../../services/domain/errors.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { REASONS } from '../../services/domain/report/difference-reason.ts';
import { KIND_SEVERITY } from '../../services/domain/runtime/record-severity.ts';
import { REPOSITORY, repositoryFiles } from '../support/repository.ts';
import { documentedRows, foldersOfMap } from './documentation.ts';

const read = (file: string) => readFileSync(join(REPOSITORY, file), 'utf8');

/** A limit as people write it. Sizes are whole binary units and times whole minutes, or the unit is too small. */
function spoken(name: string, value: number): string {
  if (name.endsWith('Ms')) return `${value / 60_000} min`;
  if (!name.endsWith('Bytes')) return value.toLocaleString('en-GB');
  const power = Math.min(3, Math.floor(Math.log2(value) / 10));
  return `${value / 1024 ** power} ${['B', 'KiB', 'MiB', 'GiB'][power]}`;
}

describe('the documentation says what the code does', () => {
  test('docs/errors.md has every error code, and no other', () => {
    const table = Object.entries(ERROR_TABLE).map(([code, { exit, http, retry }]) => {
      return [code, String(exit), String(http), retry ? 'yes' : 'no'];
    });
    const documented = documentedRows(read('docs/errors.md'));
    expect(documented.map((row) => row.slice(0, 4)).sort()).toEqual(table.sort());
    expect(documented.filter((row) => row.length !== 6 || row.includes(''))).toEqual([]);
  });

  test('docs/gaps.md has every gap code with its class, and no other', () => {
    const documented = documentedRows(read('docs/gaps.md'));
    expect(documented.map((row) => row.slice(0, 2)).sort()).toEqual(Object.entries(GAP_CLASSES).sort());
    expect(documented.filter((row) => row.length !== 4 || row.includes(''))).toEqual([]);
  });

  test('docs/limits.md has every limit with its value, and no other', () => {
    const table = Object.entries(LIMITS).map(([name, value]) => [name, spoken(name, value)]);
    const documented = documentedRows(read('docs/limits.md'));
    expect(documented.map((row) => row.slice(0, 2)).sort()).toEqual(table.sort());
    expect(documented.filter((row) => row.length !== 3 || row.includes(''))).toEqual([]);
  });

  test('docs/agent.md has every kind of event with its severity, and no other', () => {
    const section = read('docs/agent.md').split('## What it tells')[1]!.split('\n## ')[0]!;
    const documented = documentedRows(section).filter(([, severity]) => /^(?:low|medium|high)$/.test(severity!));
    const events = documented.filter(([kind]) => !kind!.startsWith('agent-'));
    expect(events.map((row) => row.slice(0, 2)).sort()).toEqual(Object.entries(KIND_SEVERITY).sort());
    expect(documented.filter((row) => row.length !== 4 || row[2] === '')).toEqual([]);
  });

  test('docs/engines.md has every reason for a difference in its order, and no other', () => {
    const documented = documentedRows(read('docs/engines.md').split('## Why they differ')[1]!).map(([code]) => code);
    expect(documented).toEqual(Object.keys(REASONS));
  });

  test('the map of README.md has every folder, and no other', () => {
    const mapped = foldersOfMap(read('README.md'));
    expect(mapped.length).toBeGreaterThan(10);
    const depth = (folder: string) => {
      // docs/policy.md lists the rules.
      if (folder.startsWith('policies/')) return 1;
      return /^services\/(?:adapters|domain)\//.test(folder) ? 3 : 2;
    };
    const folders = new Set<string>();
    for (const file of repositoryFiles().filter((path) => !path.startsWith('.ci/'))) {
      const parts = file.split('/').slice(0, -1);
      for (let length = 1; length <= parts.length; length++) {
        const folder = parts.slice(0, length).join('/');
        if (length <= depth(folder)) folders.add(folder);
      }
    }
    expect([...mapped].sort()).toEqual([...folders].sort());
  });
});

describe('the readers of documentation', () => {
  test('take the rows whose first cell is code', () => {
    const text = '| Code | Text |\n|---|---|\n| `A` | one \\| two |\n| B | no code |\n\n| `C` | three |\n';
    expect(documentedRows(text)).toEqual([
      ['A', 'one \\| two'],
      ['C', 'three'],
    ]);
  });
  test('take the folders of an indented map', () => {
    const text =
      'a/ outside\n```map\nx/       the x\n  y/     the y\n    z/\n  w/     the w\n.q/\nREADME.md\n```\nb/\n';
    expect(foldersOfMap(text)).toEqual(['x', 'x/y', 'x/y/z', 'x/w', '.q']);
  });
});
