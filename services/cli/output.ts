import { realpathSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { OUTPUT_FORMATS, type OutputFormat } from './output-formats.ts';
import { replaceFile } from './replace-file.ts';

export interface Output {
  readonly format: OutputFormat;
  /** null: standard output. */
  readonly file: string | null;
}

/**
 * What `--format F`, `--format F=FILE` (any number) and `--output FILE` ask for; a table on standard output where
 * nothing does. `--output` names the file of the one format that has none; `-` is standard output. Raises USAGE.
 */
export function parseOutputs(formats: readonly string[], output?: string): Output[] {
  const outputs = (formats.length === 0 ? ['table'] : formats).map((spec): Output => {
    const equals = spec.indexOf('=');
    const format = equals < 0 ? spec : spec.slice(0, equals);
    const known = OUTPUT_FORMATS.find((each) => each === format);
    if (known === undefined) {
      throw usage(`"${format}" is no format; --format takes ${OUTPUT_FORMATS.join(', ')}, or FORMAT=FILE`);
    }
    const file = equals < 0 ? (output ?? '-') : spec.slice(equals + 1);
    if (file === '')
      throw usage(`--format ${spec} names no file; write ${format}=FILE, or ${format}=- for standard output`);
    return { format: known, file: file === '-' ? null : resolve(file) };
  });
  if (output !== undefined && formats.length > 0 && formats.every((spec) => spec.includes('='))) {
    throw usage('--output has no format: every --format names its own file');
  }
  const places = outputs.map(({ file }) => file);
  const twice = places.find((place, i) => places.indexOf(place) !== i);
  if (twice !== undefined) throw usage(`two formats go to ${twice ?? 'standard output'}; write --format FORMAT=FILE`);
  return outputs;
}

/** Writes each output; files first, so that a reader that closes standard output early loses none. Raises OUTPUT_FAILED. */
export async function writeOutputs(
  outputs: readonly Output[],
  render: (output: Output) => string | Promise<string>,
  stdout: Writable,
): Promise<void> {
  for (const output of outputs) if (output.file !== null) writeOutputFile(output.file, await render(output));
  for (const output of outputs) if (output.file === null) await writeStream(stdout, await render(output));
}

/**
 * The whole text or the old file: written beside it, then renamed. Synchronous, so that no signal handler runs while
 * the temporary file exists. What is no regular file (/dev/stderr, a pipe) is written to as it is.
 */
function writeOutputFile(file: string, text: string): void {
  try {
    const found = statOrNull(file);
    if (found !== null && !found.isFile()) writeFileSync(file, text);
    else replaceFile(found === null ? file : realpathSync(file), text, found?.mode);
  } catch (cause) {
    throw new PlimsollError(
      'OUTPUT_FAILED',
      `The report could not be written to ${file}: ${messageOf(cause)}. Give another file, or - for standard output.`,
      { cause },
    );
  }
}

function statOrNull(file: string): Stats | null {
  return statSync(file, { throwIfNoEntry: false }) ?? null;
}

/** Resolves once the text is out. A reader that has gone (`| head`) has what it wanted. */
export function writeStream(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: NodeJS.ErrnoException | null | undefined) => {
      if (!error || error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return resolve();
      const message = `Standard output could not be written to: ${error.message}.`;
      reject(new PlimsollError('OUTPUT_FAILED', message, { cause: error }));
    };
    // A failed write is told twice, here and to its callback; unheard, the first would end the process.
    stream.on('error', settle);
    stream.write(text, (error) => {
      if (!error) stream.off('error', settle);
      settle(error);
    });
  });
}

function usage(message: string): PlimsollError {
  return new PlimsollError('USAGE', message);
}
