import { expect, test } from 'vitest';
import { lockedLines } from '../../../../../test/support/read-lockfiles.ts';
import { pdmLock } from './pdm-lock.ts';

const LOCK = `[metadata]
groups = ["default", "dev", "socks", "lint"]
lock_version = "4.5.0"

[[package]]
name = "requests"
version = "2.31.0"
groups = ["default"]
dependencies = ["idna<4,>=2.5", "urllib3"]

[[package]]
name = "requests"
version = "2.31.0"
extras = ["socks"]
groups = ["socks"]
dependencies = ["PySocks!=1.5.7"]

[[package]]
name = "idna"
version = "3.6"
groups = ["default", "dev"]

[[package]]
name = "ruff"
version = "0.1"
groups = ["lint"]

[[package]]
name = "pytest"
version = "8.0"
groups = ["dev"]

[[package]]
name = "local"
version = "0.1"
path = "./local"
editable = true

[[package]]
name = "vendored"
version = "0.2"
path = "./vendored-0.2-py3-none-any.whl"
`;

const rows = (manifest?: string) =>
  lockedLines(pdmLock, { 'pdm.lock': LOCK, ...(manifest !== undefined && { 'pyproject.toml': manifest }) });

test.each([
  ['without a manifest', undefined, ''],
  ['of PDM', '[tool.pdm.dev-dependencies]\nlint = ["ruff"]\n', ' dev'],
  ['of the standard', '[dependency-groups]\nlint = ["ruff"]\ndefault = []\n', ' dev'],
])('groups: %s', (_, manifest, lint) => {
  expect(rows(manifest)).toEqual({
    rows: [
      'requests 2.31.0 → idna<4,>=2.5 urllib3 PySocks!=1.5.7',
      'idna 3.6',
      `ruff 0.1${lint}`,
      'pytest 8.0 dev',
      'vendored 0.2',
    ],
    gaps: [],
  });
});

test.each([
  ['no packages', '[metadata]\n', []],
  ['nothing', '', ['package-file-unparsable']],
  ['no TOML', '[', ['package-file-unparsable']],
])('%s', (_, content, gaps) => expect(lockedLines(pdmLock, { 'pdm.lock': content })).toEqual({ rows: [], gaps }));
