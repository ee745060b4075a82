/** The cells of every table row whose first cell is `code`, that cell without its back-quotes. */
export function documentedRows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => /^\| *`[^`]+` *\|/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
    .map(([code, ...rest]) => [(code as string).slice(1, -1), ...rest]);
}

/** The folders of the block marked ```map: one a line, two spaces deeper below its parent, what it is after it. */
export function foldersOfMap(markdown: string): string[] {
  const block = /^```map\n(.*?)^```/ms.exec(markdown)?.[1] ?? '';
  const parents: string[] = [];
  const folders: string[] = [];
  for (const line of block.split('\n')) {
    const found = /^( *)(\S+)\/(?:\s|$)/.exec(line);
    if (found === null) continue;
    parents.length = found[1]!.length / 2;
    parents.push(found[2]!);
    folders.push(parents.join('/'));
  }
  return folders;
}
