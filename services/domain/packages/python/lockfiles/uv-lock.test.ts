import { expect, test } from 'vitest';
import { lockedLines } from '../../../../../test/support/read-lockfiles.ts';
import { uvLock } from './uv-lock.ts';

const read = (content: string) => lockedLines(uvLock, { 'uv.lock': content });

test('what the project needs, and what only its groups lead to', () => {
  const lock = `version = 1
requires-python = ">=3.12"

[manifest]
members = ["app", "lib"]

[[package]]
name = "app"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "anyio" }, { name = "lib" }]

[package.optional-dependencies]
extra = [{ name = "orjson" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]

[[package]]
name = "lib"
source = { virtual = "lib" }

[package.dev-dependencies]
dev = [{ name = "idna" }]

[[package]]
name = "anyio"
version = "4.3.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "idna" }, { name = "sniffio", marker = "python_full_version < '3.13'" }]

[[package]]
name = "idna"
version = "3.6"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "sniffio"
version = "1.3.1"
source = { git = "https://example.org/sniffio?rev=1#0123" }

[[package]]
name = "orjson"
version = "3.10"
source = { url = "https://example.org/orjson-3.10.tar.gz" }

[[package]]
name = "pytest"
version = "8.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "pluggy" }, { name = "idna" }]

[[package]]
name = "pluggy"
version = "1.4"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "pytest" }]
`;
  expect(read(lock)).toEqual({
    rows: [
      'anyio 4.3.0 → idna sniffio',
      'idna 3.6',
      'sniffio 1.3.1',
      'orjson 3.10',
      'pytest 8.0 dev → pluggy idna',
      'pluggy 1.4 dev → pytest',
    ],
    gaps: [],
  });
});

test.each([
  ['no packages', 'version = 1\n', []],
  ['nothing', '', ['package-file-unparsable']],
  ['no TOML', 'version = ', ['package-file-unparsable']],
  ['no version', 'version = 1\n[[package]]\nname = "a"\nsource = { registry = "x" }\n', ['dependency-unresolved']],
])('%s', (_, content, gaps) => expect(read(content)).toEqual({ rows: [], gaps }));
