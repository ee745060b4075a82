import type { NamingStep } from '../../domain/vulnerabilities/feed-sources.ts';

/**
 * Where a document's next one is; null where it names none. A whole address of the public server is taken at the mirror that
 * the document came from, and one of any other server not at all.
 */
export function namedAddress(url: string, text: string, step: NamingStep): string | null {
  const address = step(text);
  if (address === null || !URL.canParse(address, url)) return null;
  const { host, href } = new URL(address, url);
  if (new URL(url).host === host) return href;
  // https://mirror/below/HOST/path: what is before HOST is the mirror.
  const at = url.indexOf(`/${host}/`);
  return at < 0 ? null : `${url.slice(0, at)}/${href.replace(/^https:\/\//, '')}`;
}
