import type { AffectedPackage } from './advisory.ts';

/** Channels that everybody on an old release can turn on (Ubuntu Pro, LTSS). Certified builds (FIPS, real-time) are another product. */
const EXTENDED = /^(?:pro|esm(?:-.*)?|ltss)$/;

/** By its version, the channel that a package came from. */
const MARKS: readonly (readonly [version: RegExp, channel: RegExp])[] = [
  [/[+~.]esm\d/, EXTENDED],
  [/fips/i, /fips/],
];

/**
 * Why an entry of a support channel is not for an installed version; null where it is. A version of a channel is judged by
 * that channel's entries; any other by everybody's, and by those of an extended channel only where the record has nothing
 * for everybody. `all` are the entries of the same record, namespace and name.
 */
export function channelRefusal(
  { channel }: AffectedPackage,
  all: readonly AffectedPackage[],
  version: string,
): string | null {
  const channels = all.map((entry) => entry.channel);
  for (const [mark, own] of MARKS) {
    if (!mark.test(version) || !channels.some((each) => each !== null && own.test(each))) continue;
    return channel !== null && own.test(channel)
      ? null
      : `for the ${channel ?? 'public'} channel, not that of ${version}`;
  }
  if (channel === null) return null;
  if (channels.includes(null) || !EXTENDED.test(channel)) return `for the channel ${channel} only`;
  return null;
}
