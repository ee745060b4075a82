import { describe, expect, it } from 'vitest';
import { samplePackage, sampleReport } from '../../../../test/support/sample-report.ts';
import { parsePurlPattern } from '../purl-pattern.ts';
import type { VexProduct } from './document.ts';
import { whyNotFor } from './product.ts';

const curl = samplePackage({ name: 'curl', version: '7.88.1-10' });
const { target } = sampleReport();
const patterns = (...texts: string[]) => texts.map((text) => parsePurlPattern(text)!);
const product = (purls: string[], more: Partial<VexProduct> = {}): VexProduct => {
  return { purls: patterns(...purls), digests: [], components: null, versions: null, ...more };
};
const OTHER_IMAGE = `pkg:oci/shop@sha256:${'0'.repeat(64)}`;
const components = patterns('pkg:deb/debian/curl');

describe('why a product of VEX is not this package', () => {
  it.each<[string, VexProduct, string | null]>([
    ['the package', product(['pkg:deb/debian/curl']), null],
    ['the image', product([], { digests: [target.digest!] }), null],
    ['the package in the image', product([], { digests: [target.digest!], components }), null],
    ['another version', product(['pkg:deb/debian/curl@8']), 'it means version 8'],
    [
      'other versions',
      product(['pkg:deb/debian/curl'], { versions: ['1', '2', '3', '4'] }),
      'it means the versions 1, 2, 3 …',
    ],
    ['another architecture', product(['pkg:deb/debian/curl?arch=arm64']), 'it means arch=arm64'],
    ['another package', product(['pkg:deb/debian/wget']), 'it names another product'],
    ['nothing', product([]), 'it names another product'],
    ['another image', product([OTHER_IMAGE]), 'it names another image'],
    ['another image by digest', product([], { digests: [`sha256:${'0'.repeat(64)}`] }), 'it names another image'],
    ['the package in another image', product([OTHER_IMAGE], { components }), 'it means it in another image'],
    [
      'another package in the image',
      product([], { digests: [target.digest!], components: patterns('pkg:deb/debian/wget') }),
      'it means other packages of an image',
    ],
    [
      'the package in another product',
      product(['pkg:npm/shop@1'], { components }),
      'it means it as a part of another product',
    ],
    ['the nearest of several names', product(['pkg:deb/debian/wget', 'pkg:deb/debian/curl@8']), 'it means version 8'],
  ])('%s', (_, stated, expected) => {
    expect(whyNotFor(stated, 'not_affected', curl, target)).toBe(expected);
  });

  it('"fixed" without a version', () => {
    expect(whyNotFor(product(['pkg:deb/debian/curl']), 'fixed', curl, target)).toBe(
      '"fixed" is said of a version, and it names none',
    );
    expect(whyNotFor(product(['pkg:deb/debian/curl@7.88.1-10']), 'fixed', curl, target)).toBeNull();
  });
});
