import { displayPath } from '../domain/layers/path.ts';
import { type ListedFile, listFiles } from '../pipeline/list-files.ts';
import { writeOutputs } from './output.ts';
import { printable } from './printable.ts';
import type { ScanOptions } from './scan-options.ts';
import type { Session } from './session.ts';
import { withScan } from './with-scan.ts';

export interface FilesCommandOptions extends ScanOptions {
  readonly json?: boolean;
  readonly output?: string;
}

/** `plimsoll files`: lists the merged file system, and answers with the exit code. */
export async function runFiles(session: Session, target: string, options: FilesCommandOptions): Promise<number> {
  const lines: string[] = [];
  const print = options.json ? jsonLine : textLine;
  const { complete } = await withScan(session, target, options, (request, dependencies) =>
    listFiles(request, dependencies, (file) => {
      lines.push(print(file));
    }),
  );
  const text = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  const output = { format: options.json ? 'json' : 'table', file: options.output ?? null } as const;
  await writeOutputs([output], () => text, session.stdout);
  return complete ? 0 : 3;
}

const TYPE_LETTERS: Readonly<Record<ListedFile['type'], string>> = {
  file: '-',
  hardlink: 'h',
  directory: 'd',
  implicit: 'd',
  symlink: 'l',
  'character-device': 'c',
  'block-device': 'b',
  fifo: 'p',
};

function jsonLine(file: ListedFile): string {
  return JSON.stringify({
    ...file,
    path: displayPath(file.path),
    target: file.target === null ? null : displayPath(file.target),
  });
}

function textLine({ type, mode, size, layer, owner, path, target }: ListedFile): string {
  const permissions = `${TYPE_LETTERS[type]}${mode.toString(8).padStart(4, '0')}`;
  const link = target === null ? '' : ` -> ${displayPath(target)}`;
  return printable(
    `${permissions} ${String(size).padStart(11)} ${String(layer).padStart(3)} ${(owner ?? '-').padEnd(24)} ${displayPath(path)}${link}`,
  );
}
