import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { OpenedTarget, OpenOptions } from '../../pipeline/image-ports.ts';
import { openRegularFile, readExactly } from './file-bytes.ts';

/** An SBOM as a whole, from a file or from standard input (`-`); LIMIT_EXCEEDED past `limits.sbomBytes`. */
export async function openSbom(path: string, options: OpenOptions): Promise<OpenedTarget> {
  const bytes = path === '-' ? await standardInput(options) : await wholeFile(path, options);
  return { kind: 'sbom', targetKind: 'sbom', bytes, path, close: async () => {} };
}

async function wholeFile(path: string, { limits }: OpenOptions): Promise<Uint8Array> {
  const { file, size } = await openRegularFile(path);
  try {
    if (size > limits.sbomBytes) throw tooLarge(path, limits.sbomBytes);
    return await readExactly(file, 0, size);
  } finally {
    await file.close();
  }
}

async function standardInput({ limits, signal }: OpenOptions): Promise<Uint8Array> {
  if (process.stdin.isTTY) throw new PlimsollError('USAGE', 'standard input is a terminal; pipe an SBOM into it');
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stop = (): void => void process.stdin.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > limits.sbomBytes) throw tooLarge('standard input', limits.sbomBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof PlimsollError) throw cause;
    throw new PlimsollError('TARGET_UNREADABLE', `standard input cannot be read: ${messageOf(cause)}`, { cause });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return Buffer.concat(chunks);
}

function tooLarge(path: string, most: number): PlimsollError {
  return new PlimsollError('LIMIT_EXCEEDED', `${path} has more than the ${most} bytes (sbomBytes) of an SBOM`, {
    details: { limit: 'sbomBytes' },
  });
}
