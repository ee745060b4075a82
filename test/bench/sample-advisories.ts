import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zip } from '../support/zip-builder.ts';

const ECOSYSTEMS = ['Debian:12', 'Debian:12', 'Debian:12', 'npm', 'PyPI', 'Go'];

/** OSV records like those that databases are made of, the same every time: most packages have a few, some have hundreds. */
export function writeSampleAdvisories(directory: string, records: number): string {
  const file = join(directory, 'all.zip');
  const packages = Math.max(1, Math.floor(records / 4));
  const parts = Array.from({ length: records }, (_, i) => {
    // Every fourth record is for one of a hundred packages.
    const name = `package-${i % 4 === 0 ? i % Math.min(100, packages) : i % packages}`;
    return { name: `${idOf(i)}.json`, content: JSON.stringify(record(i, name)) };
  });
  writeFileSync(file, zip(parts));
  return file;
}

function record(i: number, name: string) {
  const ecosystem = ECOSYSTEMS[i % ECOSYSTEMS.length]!;
  const fixed = `${1 + (i % 9)}.${i % 23}.${i % 7}${ecosystem.startsWith('Debian') ? `-${1 + (i % 3)}` : ''}`;
  return {
    schema_version: '1.7.0',
    id: idOf(i),
    modified: '2026-01-02T03:04:05Z',
    published: '2025-01-02T03:04:05Z',
    summary: `A flaw of ${name} that somebody can use from elsewhere`,
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N' }],
    affected: [
      {
        package: { ecosystem, name },
        ranges: [
          {
            type: ecosystem === 'npm' || ecosystem === 'Go' ? 'SEMVER' : 'ECOSYSTEM',
            events: [{ introduced: '0' }, { fixed }],
          },
        ],
      },
    ],
  };
}

function idOf(i: number): string {
  return `CVE-2025-${10_000 + i}`;
}
