import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { findGoTool } from '../tools/go-tools.ts';
import { REPOSITORY } from './repository.ts';

const HELM = findGoTool('helm');

/** helm of go-tools.ts; tests that need it skip by name without. */
export const HAS_HELM = HELM !== null;

const CHART = join(REPOSITORY, 'charts/plimsoll');
export const RELEASE_NAMESPACE = 'plimsoll-system';

/** What an installation gives at least. */
export const LEAST_VALUES = {
  image: { repository: 'registry.example/plimsoll', digest: `sha256:${'a'.repeat(64)}` },
  store: { secretName: 'postgres' },
  admission: { pathSecret: 'x'.repeat(16) },
};

/** A Kubernetes object, as far as tests look into it. */
export interface ChartObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it as it pleases
  readonly [field: string]: any;
}

/** `helm VERB` on the chart with these values, in a home of its own. */
export function helm(verb: 'lint' | 'template', values: object, options: readonly string[] = []) {
  const home = mkdtempSync(join(tmpdir(), 'plimsoll-helm-'));
  try {
    const file = join(home, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const release = verb === 'template' ? ['plimsoll'] : [];
    const args = [verb, ...release, CHART, '--namespace', RELEASE_NAMESPACE, '--values', file, ...options];
    const env = { PATH: process.env.PATH, HOME: home };
    const { status, stdout, stderr } = spawnSync(HELM!, args, { env, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
    return { status, stdout, stderr };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The objects of the chart; an Error with helm's words where it refuses the values. */
export function renderChart(values: object): readonly ChartObject[] {
  const { status, stdout, stderr } = helm('template', values);
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as ChartObject | null;
    })
    .filter((object) => object !== null);
}
