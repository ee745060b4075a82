import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `npm run bench -- [options]

  --image TARGET   oci-dir:DIR and/or docker-archive:FILE, the same image in both forms (repeatable);
                   without it a smaller image is made in code
  --megabytes N    size of that smaller image, uncompressed (default 300)
  --files N        files of the layer with many files (default 3000000; 0 leaves it out)
  --advisories P   what db build takes (repeatable); without it advisories are made in code
  --records N      how many of those (default 50000; 0 leaves the database and matching out)
  --runs N         runs of each command (default 5)
  --source         run services/main.ts as it stands, without building dist/
  --strict         exit with 1 if a budget is over
`;

/** The same image in its two forms, by path; null where there is none. */
export interface ImageForms {
  readonly ociDirectory: string | null;
  readonly dockerArchive: string | null;
}

export interface Options {
  /** null: make one. */
  readonly image: ImageForms | null;
  readonly megabytes: number;
  readonly files: number;
  /** Empty: make some. */
  readonly advisories: readonly string[];
  readonly records: number;
  readonly runs: number;
  readonly source: boolean;
  readonly strict: boolean;
}

/** Throws an Error with one line for people. */
export function parseOptions(argv: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      image: { type: 'string', multiple: true, default: [] },
      megabytes: { type: 'string', default: '300' },
      files: { type: 'string', default: '3000000' },
      advisories: { type: 'string', multiple: true, default: [] },
      records: { type: 'string', default: '50000' },
      runs: { type: 'string', default: '5' },
      source: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    image: values.image.length === 0 ? null : imageForms(values.image),
    megabytes: count('--megabytes', values.megabytes, 1),
    files: count('--files', values.files, 0),
    advisories: values.advisories.map((path) => resolve(path)),
    records: count('--records', values.records, 0),
    runs: count('--runs', values.runs, 1),
    source: values.source,
    strict: values.strict,
  };
}

function imageForms(targets: readonly string[]): ImageForms {
  const found = { ociDirectory: null as string | null, dockerArchive: null as string | null };
  for (const target of targets) {
    const [, kind, path] = /^(oci-dir|docker-archive):(.+)$/.exec(target) ?? [];
    if (path === undefined) throw new Error(`--image ${target}: give oci-dir:DIR or docker-archive:FILE`);
    const form = kind === 'oci-dir' ? 'ociDirectory' : 'dockerArchive';
    if (found[form] !== null) throw new Error(`--image ${target}: there is another ${kind} already`);
    const stats = statSync(path, { throwIfNoEntry: false });
    const fits = kind === 'oci-dir' ? stats?.isDirectory() : stats?.isFile();
    if (!fits) throw new Error(`--image ${target}: no such ${kind === 'oci-dir' ? 'directory' : 'file'}`);
    found[form] = resolve(path);
  }
  return found;
}

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    throw new Error(`${option} ${text}: give a whole number from ${least}`);
  return value;
}
