import type { Report, ReportPackage } from '../../report/report.ts';
import { type PurlPattern, parsePurl } from '../purl-pattern.ts';
import type { VexProduct, VexStatement } from './document.ts';

type Target = Report['target'];

/**
 * Whether a product is this package, or this image with this package among the components that are meant. "fixed" is said of
 * versions: of a package without one it says nothing of the version that is installed.
 */
export function isFor(
  { purls, digests, components, versions }: VexProduct,
  status: VexStatement['status'],
  item: ReportPackage,
  purl: ReturnType<typeof parsePurl>,
  target: Target,
): boolean {
  if (versions !== null && !versions.includes(item.version)) return false;
  const isPackage = (pattern: PurlPattern): boolean => pattern.matchesParsed(purl);
  const isImage = (pattern: PurlPattern): boolean =>
    (status !== 'fixed' || pattern.version !== null) && isImagePurl(pattern, target);
  const namesImage = digests.includes(target.digest ?? '') || purls.some(isImage);
  if (components !== null) return namesImage && components.some(isPackage);
  const namesVersion = (pattern: PurlPattern): boolean =>
    status !== 'fixed' || versions !== null || pattern.version !== null;
  return namesImage || purls.some((pattern) => namesVersion(pattern) && isPackage(pattern));
}

/**
 * `pkg:oci/NAME@sha256:HEX` is the image of that digest. Without a digest it is any image of its `repository_url`, which only a
 * target from a registry can prove.
 */
function isImagePurl({ text, type }: PurlPattern, { kind, reference, digest }: Target): boolean {
  if (type !== 'oci' && type !== 'docker') return false;
  const purl = parsePurl(text);
  if (purl?.version) return /^sha256:/.test(purl.version) && purl.version === digest;
  const repository = purl?.qualifiers?.repository_url;
  if (kind !== 'registry' || !repository) return false;
  return reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '') === repository;
}

/**
 * Why a statement on a product is not for this package of this target, for people; null where it is. The nearest reason: that
 * of a name for the same package goes before "another product".
 */
export function whyNotFor(
  product: VexProduct,
  status: VexStatement['status'],
  item: ReportPackage,
  target: Target,
): string | null {
  const purl = parsePurl(item.purl);
  if (isFor(product, status, item, purl, target)) return null;
  const { purls, digests, components, versions } = product;
  const near = [...purls, ...(components ?? [])].find((pattern) => pattern.namesParsed(purl));
  const namesImages = digests.length > 0 || purls.some(({ type }) => type === 'oci' || type === 'docker');
  if (near === undefined && components !== null) return 'it means other packages of an image';
  if (near === undefined) return namesImages ? 'it names another image' : 'it names another product';
  if (versions !== null && !versions.includes(item.version)) return `it means the versions ${shortList(versions)}`;
  if (components?.includes(near) && near.matchesParsed(purl)) {
    return namesImages ? 'it means it in another image' : 'it means it as a part of another product';
  }
  if (near.version !== null && near.version !== purl?.version) return `it means version ${near.version}`;
  const differing = Object.entries(near.qualifiers).find(([key, value]) => String(purl?.qualifiers?.[key]) !== value);
  if (differing !== undefined) return `it means ${differing.join('=')}`;
  return status === 'fixed' ? '"fixed" is said of a version, and it names none' : 'it names another product';
}

function shortList(texts: readonly string[]): string {
  return `${texts.slice(0, 3).join(', ')}${texts.length > 3 ? ' …' : ''}`;
}
