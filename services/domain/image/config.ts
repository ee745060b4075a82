import { isDigest } from './digest.ts';
import { asArray, asObject, type JsonObject, stringMap, stringOr } from './json.ts';
import type { Platform } from './platform.ts';

/** OCI image-spec, config.md; Docker's config has the same fields. */
export interface ImageConfig {
  readonly platform: Platform;
  readonly created: string | null;
  readonly user: string | null;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly exposedPorts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Claimed digests of the uncompressed layers, base first; null where one is no digest. */
  readonly diffIds: readonly (string | null)[];
  readonly history: readonly HistoryEntry[];
}

export interface HistoryEntry {
  readonly createdBy: string | null;
  /** The instruction made no layer. */
  readonly emptyLayer: boolean;
}

export function parseConfig(document: JsonObject, what: string): ImageConfig {
  const config =
    document.config === undefined || document.config === null ? {} : asObject(document.config, `${what}, config`);
  const rootfs =
    document.rootfs === undefined || document.rootfs === null ? {} : asObject(document.rootfs, `${what}, rootfs`);
  return {
    platform: {
      os: stringOr(document.os, '') || 'unknown',
      architecture: stringOr(document.architecture, '') || 'unknown',
      variant: stringOr(document.variant, '') || null,
    },
    created: stringOr(document.created, null),
    user: stringOr(config.User, '') || null,
    entrypoint: strings(config.Entrypoint),
    cmd: strings(config.Cmd),
    exposedPorts: keysOf(config.ExposedPorts),
    labels: stringMap(config.Labels),
    diffIds: asArray(rootfs.diff_ids, `${what}, rootfs.diff_ids`).map((id) => (isDigest(id) ? id : null)),
    history: asArray(document.history, `${what}, history`).map((item, i) => {
      const { created_by: createdBy, empty_layer: emptyLayer } = asObject(item, `${what}, history[${i}]`);
      return { createdBy: stringOr(createdBy, '') || null, emptyLayer: emptyLayer === true };
    }),
  };
}

/** Go marshals its sets as objects with empty values. */
function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value).sort() : [];
}

function strings(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/**
 * The instruction that made each layer, base first, or null for all where history and layers do not align
 * (squashed, Kaniko, Buildpacks): a wrong instruction is worse than none.
 */
export function alignHistory(history: readonly HistoryEntry[], layers: number): readonly (string | null)[] | null {
  const made = history.filter(({ emptyLayer }) => !emptyLayer);
  if (made.length !== layers) return null;
  return made.map(({ createdBy }) => (createdBy === null ? null : readableInstruction(createdBy)));
}

/** Docker's classic builder records the shell call; show the Dockerfile line that it stands for. */
function readableInstruction(createdBy: string): string {
  const text = createdBy.trim();
  const shell = /^(?:\/bin\/sh -c|\|\d+ .*? \/bin\/sh -c) (?<rest>[\s\S]*)$/.exec(text)?.groups?.rest?.trim();
  if (shell === undefined) return text.replace(/\s*# buildkit$/, '');
  const nop = /^#\(nop\)\s*(?<rest>[\s\S]*)$/.exec(shell)?.groups?.rest;
  return nop ?? `RUN ${shell}`;
}
