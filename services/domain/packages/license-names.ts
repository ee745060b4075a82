import { licenseKind } from './license.ts';
import { SPDX_EXCEPTIONS, SPDX_LICENSES } from './spdx-licenses.ts';

/** Longer texts are no names. */
const LONGEST = 500;

/** By `keyOf`: what licences are called. Names that stand for several (BSD, GPL, Apache Software License) are not here. */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'Apache-2.0': ['apache 2.0', 'apache 2', 'apache v2.0', 'apache v2', 'apache software 2.0', 'asl 2.0', 'apache-2'],
    'Artistic-2.0': ['artistic 2', 'artistic 2.0'],
    'BSD-2-Clause': ['bsd 2-clause', 'bsd 2 clause', '2-clause bsd', 'simplified bsd', 'bsd-2'],
    'BSD-3-Clause': ['bsd 3-clause', 'bsd 3 clause', '3-clause bsd', 'new bsd', 'modified bsd', 'revised bsd', 'bsd-3'],
    'BSL-1.0': ['boost software 1.0 bsl-1.0', 'boost software 1.0', 'boost software - 1.0', 'boost'],
    'CC0-1.0': ['cc0 1.0 universal cc0 1.0 public domain dedication', 'cc0 1.0 universal', 'cc0 1.0', 'cc0'],
    'CDDL-1.0': ['cddl 1.0', 'common development and distribution 1.0 cddl-1.0'],
    'CDDL-1.1': ['cddl 1.1'],
    'EPL-1.0': ['eclipse public 1.0 epl-1.0', 'eclipse public 1.0', 'eclipse public - v 1.0', 'epl 1.0'],
    'EPL-2.0': ['eclipse public 2.0 epl-2.0', 'eclipse public 2.0', 'eclipse public - v 2.0', 'epl 2.0'],
    'EUPL-1.1': ['european union public 1.1 eupl 1.1'],
    'EUPL-1.2': ['european union public 1.2 eupl 1.2'],
    ISC: ['isc iscl'],
    MIT: ['mit mit', 'expat'],
    'MIT-0': ['mit no attribution mit-0', 'mit no attribution'],
    'MPL-1.1': ['mozilla public 1.1 mpl 1.1', 'mozilla public 1.1', 'mpl 1.1', 'mplv1.1'],
    'MPL-2.0': ['mozilla public 2.0 mpl 2.0', 'mozilla public 2.0', 'mpl 2.0', 'mpl 2', 'mplv2.0', 'mplv2'],
    'OFL-1.1': ['sil open font 1.1 ofl-1.1', 'sil open font 1.1'],
    'PSF-2.0': ['python software foundation', 'psf'],
    Unlicense: ['unlicense unlicense'],
    'UPL-1.0': ['universal permissive upl', 'upl'],
    Zlib: ['zlib/libpng'],
  }).flatMap(([id, names]) => names.map((name) => [name, id] as const)),
);

/** Addresses, without `https://www.` and what ends a file name. */
const ADDRESSES: ReadonlyMap<string, string> = new Map([
  ['apache.org/licenses/license-2.0', 'Apache-2.0'],
  ['creativecommons.org/publicdomain/zero/1.0', 'CC0-1.0'],
  ['eclipse.org/legal/epl-v10', 'EPL-1.0'],
  ['eclipse.org/legal/epl-v20', 'EPL-2.0'],
  ['eclipse.org/legal/epl-2.0', 'EPL-2.0'],
  ['eclipse.org/org/documents/epl-v10', 'EPL-1.0'],
  ['eclipse.org/org/documents/epl-2.0/epl-2.0', 'EPL-2.0'],
  ['mozilla.org/mpl/2.0', 'MPL-2.0'],
  ['opensource.org/licenses/mit-license', 'MIT'],
  ['repository.jboss.org/licenses/apache-2.0', 'Apache-2.0'],
]);
const LISTED_BY = /^(?:opensource\.org\/licenses?|spdx\.org\/licenses)\/([a-z0-9.-]+)$/;

const GNU =
  /^(?:gnu )?(affero general public|lesser general public|library or lesser general public|general public|agpl|lgpl|gpl)(?: ?v ?| )([123](?:\.[01])?)( ?\+| or later)?(?: [al]?gplv[0-9.]+\+?)?$/;
const GNU_FAMILIES: Readonly<Record<string, string>> = {
  ...{ 'affero general public': 'AGPL', agpl: 'AGPL', 'general public': 'GPL', gpl: 'GPL' },
  ...{ 'lesser general public': 'LGPL', 'library or lesser general public': 'LGPL', lgpl: 'LGPL' },
};

const IDS = byLowerCase(SPDX_LICENSES);
const EXCEPTIONS = byLowerCase(SPDX_EXCEPTIONS);

/**
 * What a package says of its licence, as an SPDX expression where it is one in other words: an identifier in another case,
 * a common name or address of one licence, or several of these with `and`, `or` and `with`. Any other text is given back
 * as it is: nothing is guessed, and nothing in part. Applied twice it changes nothing.
 */
export function spdxLicense(text: string): string {
  if (text.length > LONGEST || licenseKind(text) !== 'name') return text;
  return oneLicense(text) ?? expressionOf(text) ?? text;
}

/** Null where no licence, or none for certain, is called so. */
function oneLicense(text: string): string | null {
  // OSGi, "Bundle-License": NAME; link=…; description=…
  const stated = /^([^;,]+);\s*(?:link|description)=/.exec(text)?.[1] ?? text;
  const id = IDS.get(stated.trim().toLowerCase());
  if (id !== undefined) return id;
  const key = keyOf(stated);
  return IDS.get(key) ?? NAMES.get(key) ?? gnuLicense(key) ?? addressed(stated);
}

/** In lower case and American, without the words and marks that say nothing. */
function keyOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('licence', 'license')
    .replace(/[,"'()]/g, ' ')
    .replace(/\b(?:the|license|version)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function gnuLicense(key: string): string | null {
  const [, family, number, later] = GNU.exec(key) ?? [];
  if (family === undefined) return null;
  const version = number!.includes('.') ? number : `${number}.0`;
  const id = `${GNU_FAMILIES[family]}-${version}-${later === undefined ? 'only' : 'or-later'}`;
  return SPDX_LICENSES.has(id) ? id : null;
}

function addressed(text: string): string | null {
  const address = /^https?:\/\/(?:www\.)?(\S+?)(?:\.(?:txt|html|php|json))?\/?$/.exec(text.trim().toLowerCase())?.[1];
  if (address === undefined) return null;
  return ADDRESSES.get(address) ?? IDS.get(LISTED_BY.exec(address)?.[1] ?? '') ?? null;
}

/** Null where a part of it is no licence. */
function expressionOf(text: string): string | null {
  const tokens = text.split(/(?:^|\s+)(and|or|with)(?=\s)|([()])/i).map((token) => token?.trim() ?? '');
  let isException = false;
  const parts = tokens.flatMap((token): (string | null)[] => {
    if (token === '') return [];
    const operator = /^(?:and|or|with|[()])$/i.test(token) ? token.toUpperCase() : null;
    const part = operator ?? (isException ? (EXCEPTIONS.get(token.toLowerCase()) ?? null) : oneLicense(token));
    isException = operator === 'WITH';
    return [part];
  });
  if (parts.includes(null)) return null;
  const expression = parts.join(' ').replaceAll('( ', '(').replaceAll(' )', ')');
  return licenseKind(expression) === 'expression' ? expression : null;
}

function byLowerCase(ids: ReadonlySet<string>): ReadonlyMap<string, string> {
  return new Map(Array.from(ids, (id) => [id.toLowerCase(), id]));
}
