import { readFileSync } from 'node:fs';

/** The memory that a process and its children hold, in bytes (proc(5)); 0 of what has gone, or is not ours to look at. */
export function residentBytes(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const own = Number(/^VmRSS:\s*([0-9]+) kB$/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0) * 1_024;
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.reduce((sum, child) => sum + residentBytes(child), own);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
