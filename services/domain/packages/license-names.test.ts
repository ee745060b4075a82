import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { licenseKind } from './license.ts';
import { spdxLicense } from './license-names.ts';
import { SPDX_LICENSES } from './spdx-licenses.ts';

test.each([
  ['MIT', 'MIT'],
  ['mit', 'MIT'],
  ['Mit License', 'MIT'],
  ['The MIT License', 'MIT'],
  ['The MIT License (MIT)', 'MIT'],
  ['apache-2.0', 'Apache-2.0'],
  ['Apache License 2.0', 'Apache-2.0'],
  ['Apache License, Version 2.0', 'Apache-2.0'],
  ['The Apache Software License, Version 2.0', 'Apache-2.0'],
  ['Apache 2', 'Apache-2.0'],
  ['ASL 2.0', 'Apache-2.0'],
  ['BSD 3-Clause License', 'BSD-3-Clause'],
  ['New BSD License', 'BSD-3-Clause'],
  ['2-Clause BSD License', 'BSD-2-Clause'],
  ['ISC License (ISCL)', 'ISC'],
  ['Mozilla Public License 2.0 (MPL 2.0)', 'MPL-2.0'],
  ['MPLv2.0', 'MPL-2.0'],
  ['Python Software Foundation License', 'PSF-2.0'],
  ['The Unlicense (Unlicense)', 'Unlicense'],
  ['zlib/libpng License', 'Zlib'],
  ['Eclipse Public License 2.0 (EPL-2.0)', 'EPL-2.0'],
  ['Eclipse Public License - v 1.0', 'EPL-1.0'],
  ['European Union Public Licence 1.2 (EUPL 1.2)', 'EUPL-1.2'],
  ['Boost Software License 1.0 (BSL-1.0)', 'BSL-1.0'],
  // The family of GNU
  ['GPLv2', 'GPL-2.0-only'],
  ['GPLv2+', 'GPL-2.0-or-later'],
  ['GPL v3', 'GPL-3.0-only'],
  ['LGPLv2.1+', 'LGPL-2.1-or-later'],
  ['GNU General Public License v2 (GPLv2)', 'GPL-2.0-only'],
  ['GNU General Public License v3 or later (GPLv3+)', 'GPL-3.0-or-later'],
  ['GNU Lesser General Public License v2 or later (LGPLv2+)', 'LGPL-2.0-or-later'],
  ['GNU Affero General Public License v3', 'AGPL-3.0-only'],
  ['GNU General Public License, version 2', 'GPL-2.0-only'],
  // Deprecated identifiers are identifiers.
  ['GPL-2.0', 'GPL-2.0'],
  ['GPL-2.0+', 'GPL-2.0+'],
  // Addresses
  ['https://www.apache.org/licenses/LICENSE-2.0.txt', 'Apache-2.0'],
  ['http://www.apache.org/licenses/LICENSE-2.0', 'Apache-2.0'],
  ['http://opensource.org/licenses/BSD-3-Clause', 'BSD-3-Clause'],
  ['https://opensource.org/license/mit/', 'MIT'],
  ['http://www.opensource.org/licenses/mit-license.php', 'MIT'],
  ['https://www.eclipse.org/legal/epl-v20.html', 'EPL-2.0'],
  ['https://www.eclipse.org/org/documents/epl-v10.php', 'EPL-1.0'],
  ['https://repository.jboss.org/licenses/apache-2.0.txt', 'Apache-2.0'],
  ['"Apache-2.0";link="https://www.apache.org/licenses/LICENSE-2.0.txt"', 'Apache-2.0'],
  // Expressions
  ['MIT OR Apache-2.0', 'MIT OR Apache-2.0'],
  ['(MIT OR Apache-2.0)', '(MIT OR Apache-2.0)'],
  ['mit or apache 2.0', 'MIT OR Apache-2.0'],
  ['GPLv2+ and (MIT or The Unlicense)', 'GPL-2.0-or-later AND (MIT OR Unlicense)'],
  ['GPLv2 with classpath-exception-2.0', 'GPL-2.0-only WITH Classpath-exception-2.0'],
])('%s is %s', (text, expected) => {
  expect(spdxLicense(text)).toBe(expected);
  expect(licenseKind(expected)).not.toBe('name');
});

test.each([
  '',
  'BSD',
  'BSD License',
  'GPL',
  'Apache Software License',
  'Apache',
  'Public Domain',
  'Proprietary',
  'UNLICENSED',
  'SEE LICENSE IN LICENSE.txt',
  'MIT and BSD',
  'MIT or',
  'MIT with nothing',
  'and MIT',
  '(MIT or ISC',
  'MIT ISC',
  'GPL v9',
  'GPLv2 or any later version you like',
  'https://example.org/license',
  'MIT/Apache-2.0',
  'constructor',
  `MIT ${' or MIT'.repeat(1_000)}`,
])('%s stays as it is', (text) => expect(spdxLicense(text)).toBe(text));

describe('laws', () => {
  const word = fc.constantFrom(
    'MIT',
    'mit',
    'ISC License',
    'GPLv2+',
    'and',
    'or',
    'with',
    '(',
    ')',
    ';',
    'x',
    'The',
    'v2',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word, { maxLength: 9 }).map((words) => words.join(' ')),
    fc.array(word, { maxLength: 6 }).map((words) => words.join('')),
    fc.constantFrom(...SPDX_LICENSES).map((id) => id.toUpperCase()),
  );

  test('twice is as once, and what was changed is SPDX', () => {
    fc.assert(
      fc.property(text, (stated) => {
        const once = spdxLicense(stated);
        expect(spdxLicense(once)).toBe(once);
        if (once !== stated) expect(licenseKind(once)).not.toBe('name');
      }),
      { numRuns: 2_000 },
    );
  });
});
