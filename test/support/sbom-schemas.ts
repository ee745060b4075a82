import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Ajv, type AnySchema } from 'ajv';
import addFormats from 'ajv-formats';
import { GO_TOOLS } from '../tools/go-tools.ts';

/**
 * The official JSON schemas of SBOM formats, pinned by SHA-256: CycloneDX 1.6 as @cyclonedx/cyclonedx-library ships it
 * (Apache-2.0), SPDX 2.3 as Syft's Go module ships it, which lies in Go's module cache where Syft was built.
 */

export type Fault = string;
export type Validate = (document: unknown) => readonly Fault[];

const CYCLONEDX = join(
  dirname(createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')),
  'res/schema',
);
const SYFT = GO_TOOLS.find(({ name }) => name === 'syft')!;
const SPDX = join(
  process.env.GOMODCACHE || join(process.env.GOPATH || join(homedir(), 'go'), 'pkg/mod'),
  `${SYFT.module}@${SYFT.version}`.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`),
  'schema/spdx-json/spdx-schema-2.3.json',
);

const PINNED = {
  'bom-1.6.SNAPSHOT.schema.json': '83821ba49aa366ad1f1d16c34837d05edd010f036f652e310db1c77d57b37c58',
  'jsf-0.82.SNAPSHOT.schema.json': '8bae002c25e723db7ee1f26afde680ae1a2b1a8f6b4b4b0fd65dc3becb090aae',
  'spdx.SNAPSHOT.schema.json': '4b345e2329f209f34e960ae2a8e7cb46a166907e6a45e94978565925dc47b359',
  'spdx-schema-2.3.json': 'c2e139546ef93597d3b1214d1d452369d0b536af6c6d6500dbd25c582034aa7c',
} as const;

export function cycloneDxValidator(): Validate {
  const ajv = validator();
  for (const name of ['spdx.SNAPSHOT.schema.json', 'jsf-0.82.SNAPSHOT.schema.json'] as const) {
    ajv.addSchema(pinned(CYCLONEDX, name), `http://cyclonedx.org/schema/${name}`);
  }
  return faultsBy(ajv, pinned(CYCLONEDX, 'bom-1.6.SNAPSHOT.schema.json'));
}

/** Null where the schema is not on this machine. */
export function spdxValidator(): Validate | null {
  return existsSync(SPDX) ? faultsBy(validator(), pinned(dirname(SPDX), 'spdx-schema-2.3.json')) : null;
}

/** Formats that ajv-formats lacks are internationalised forms of ones that it has, which our documents do not use. */
function validator(): Ajv {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  for (const format of ['iri-reference', 'idn-email']) ajv.addFormat(format, true);
  return ajv;
}

function faultsBy(ajv: Ajv, schema: AnySchema): Validate {
  const validate = ajv.compile(schema);
  return (document) => {
    validate(document);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}

function pinned(folder: string, name: keyof typeof PINNED): AnySchema {
  const bytes = readFileSync(join(folder, name));
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== PINNED[name]) throw new Error(`${name} is another than was pinned: sha256 ${digest}`);
  return JSON.parse(bytes.toString()) as AnySchema;
}
