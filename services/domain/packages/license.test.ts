import { expect, it } from 'vitest';
import { licenseKind } from './license.ts';

it.each([
  ['MIT', 'id'],
  ['GPL-2.0+', 'id'],
  ['MIT OR Apache-2.0', 'expression'],
  ['(MIT AND (ISC OR Zlib))', 'expression'],
  ['GPL-2.0-only WITH Classpath-exception-2.0', 'expression'],
  ['Apache-2.0+ AND MIT', 'expression'],
  ['mit', 'name'],
  ['MIT or Apache-2.0', 'name'],
  ['MIT OR', 'name'],
  ['OR MIT', 'name'],
  ['(MIT', 'name'],
  ['MIT)', 'name'],
  ['()', 'name'],
  ['MIT WITH MIT', 'name'],
  ['(MIT) WITH Classpath-exception-2.0', 'name'],
  ['MIT Apache-2.0', 'name'],
  ['LicenseRef-x', 'name'],
  ['GPLv2+', 'name'],
  ['__proto__', 'name'],
  ['', 'name'],
])('%j is %s', (text, kind) => expect(licenseKind(text)).toBe(kind));
