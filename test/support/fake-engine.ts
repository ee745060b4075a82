import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import type { EngineChoice, EngineOptions } from '../../services/pipeline/engine-ports.ts';

let made = 0;

/** Writes a program below `directory`; it begins with the line that names its interpreter. Returns its path. */
export function program(directory: string, script: string): string {
  const path = join(directory, `engine-${made++}`);
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

/** A Trivy that states the version and then does what these lines of shell say. */
export function fakeTrivy(directory: string, lines: string, version = '0.72.0'): EngineChoice {
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo "Version: ${version}"; exit; fi\n${lines}\n`;
  return { name: 'trivy', path: program(directory, script), sha256: null };
}

/** Shell that prints what Trivy prints of an image: packages by purl, with their files. */
export function cycloneDx(configDigest: string | null, packages: Readonly<Record<string, string | null>> = {}): string {
  const property = (name: string, value: string) => ({ name: `aquasecurity:trivy:${name}`, value });
  const document = {
    bomFormat: 'CycloneDX',
    metadata: { component: { properties: configDigest === null ? [] : [property('ImageID', configDigest)] } },
    components: Object.entries(packages).map(([purl, file]) => ({
      purl,
      properties: file === null ? [] : [property('FilePath', file)],
    })),
  };
  return `cat <<'END'\n${JSON.stringify(document)}\nEND`;
}

export function engineOptions(limits: Partial<Limits> = {}, signal = new AbortController().signal): EngineOptions {
  return { limits: { ...LIMITS, ...limits }, signal };
}
