import { LIMITS, type Limits } from '../limits.ts';
import { RELEASE_FILES, VERSIONED_BINARIES } from './distribution.ts';
import { type Analyzer, type DatabaseUnit, EMPTY_UNIT, type UnitGap } from './ecosystem.ts';

const utf8 = new TextDecoder('utf-8');
const latin1 = new TextDecoder('latin1');

/**
 * Keeps the texts that tell the distribution; what they mean together is judged on the merged image
 * (detectDistribution). Of a busybox binary only its version string is kept.
 */
export const osRelease: Analyzer = {
  id: 'os-release',
  version: 1,
  roots: [...RELEASE_FILES, ...VERSIONED_BINARIES],
  wants(entry) {
    if (RELEASE_FILES.includes(entry.path)) return 'whole';
    // A weak hint, used only where nothing else speaks: a larger binary is left alone.
    const small = entry.size <= LIMITS.versionedBinaryBytes;
    return small && VERSIONED_BINARIES.includes(entry.path) ? 'whole' : 'no';
  },
  readDatabase(files, { limits }) {
    return { units: files.map(({ path, bytes }) => readUnit(path, bytes, limits)) };
  },
};

function readUnit(path: string, bytes: Uint8Array, { releaseFileBytes }: Limits): DatabaseUnit {
  if (VERSIONED_BINARIES.includes(path)) {
    const text = /BusyBox v[0-9][0-9a-z.]{0,30}/.exec(latin1.decode(bytes))?.[0] ?? '';
    return { ...EMPTY_UNIT, path, text };
  }
  const gaps: UnitGap[] = [];
  if (bytes.length > releaseFileBytes) {
    const message = `longer than ${releaseFileBytes} bytes (releaseFileBytes); the rest was not read`;
    gaps.push({ code: 'limit-reached', message });
  }
  return { ...EMPTY_UNIT, path, text: utf8.decode(bytes.subarray(0, releaseFileBytes)), gaps };
}
