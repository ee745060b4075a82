import type { Limits } from '../../limits.ts';
import { parseXml, type XmlElement } from '../../packages/xml.ts';

/**
 * The root of a feed's XML document; null where there is none, or a limit was passed. Feeds quote what others wrote, in
 * whatever encoding: bytes that are no UTF-8 are replaced, as they only spoil prose. `onChild` as `parseXml` has it.
 */
export function parseForeignXml(
  bytes: Uint8Array,
  limits: Limits,
  onChild?: (child: XmlElement) => void,
): XmlElement | null {
  const text = new TextDecoder().decode(bytes);
  const sound = text.includes('\ufffd') ? new TextEncoder().encode(text) : bytes;
  const root = parseXml(sound, limits, onChild);
  return 'code' in root ? null : root;
}

export function elements(parent: XmlElement | undefined, name: string): readonly XmlElement[] {
  return parent?.children.filter((child) => child.name === name) ?? [];
}

export function firstElement(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  return parent?.children.find((child) => child.name === name);
}

/** The text of the first such child, '' where there is none. */
export function textOf(parent: XmlElement | undefined, name: string): string {
  return firstElement(parent, name)?.text ?? '';
}
