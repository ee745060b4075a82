import type { AffectedPackage } from './advisory.ts';

/** The extended streams of Red Hat Enterprise Linux, as CPEs (`rhel_eus`) and content sets (`-eus-rpms`) name them. */
const STREAMS = ['aus', 'e4s', 'els', 'eus', 'tus'];

/**
 * Why an entry of Red Hat is not for a package from these content sets (`rhel-9-for-x86_64-baseos-eus-rpms`); null where
 * it is. An entry names content sets, or CPEs of products (`rhel_eus:9.2::baseos`). Without content sets in the image only
 * entries of the main stream are taken, as nobody can tell. Those of the extended life cycle (ELS) are heard everywhere
 * where the record has nothing for the main stream: its support ended, so that nobody else will speak. `all` are the
 * entries of the same record, namespace and name.
 */
export function contentSetRefusal(
  { channel, contentSets: stated }: AffectedPackage,
  all: readonly AffectedPackage[],
  installed: readonly string[],
): string | null {
  const stream = channel !== null && STREAMS.includes(channel) ? channel : null;
  const isInstalled = installed.some((name) => streamOf(name) === stream);
  if (stream === 'els' && !isInstalled && all.every((entry) => entry.channel !== null)) return null;
  const sets = installed.filter(isContentSet);
  if (sets.length === 0)
    return stream === null || isInstalled ? null : `for the stream ${stream}, and the image names no content sets`;
  const candidates = sets.filter((set) => streamOf(set) === stream);
  if (candidates.length === 0) return `for the ${stream ?? 'main'} stream, of which the image names no content set`;
  if (stated.length === 0) return null;
  const holds = stated.some((text) => {
    if (candidates.some((set) => set === text || withoutRelease(set) === text)) return true;
    const variant = /::([a-z0-9_]+)/.exec(text)?.[1];
    return variant === undefined || /^el\d/.test(variant)
      ? !text.endsWith('-rpms')
      : candidates.some((set) => set.includes(variant));
  });
  return holds ? null : `for ${stated.join(', ')}, none of the image's content sets`;
}

/** Images built since 2024 name in their place the CPE of the product, which has a stream and is no list of what is in it. */
export function isContentSet(name: string): boolean {
  return !name.startsWith('cpe:');
}

/** OpenShift's images write the release behind the name: `rhel-8-for-x86_64-baseos-rpms__8`, `…-eus-rpms__9_DOT_2`. */
function withoutRelease(contentSet: string): string {
  return contentSet.replace(/__\d+(?:_DOT_\d+)?$/, '');
}

function streamOf(name: string): string | null {
  return STREAMS.find((stream) => name.includes(`-${stream}-`) || name.includes(`rhel_${stream}:`)) ?? null;
}
