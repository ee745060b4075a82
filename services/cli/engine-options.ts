import type { Command } from 'commander';
import { PlimsollError } from '../domain/errors.ts';
import { ENGINE_NAMES, type EngineName } from '../domain/report/engines.ts';
import type { EngineSettings } from '../domain/verdict/settings.ts';
import type { EngineChoice } from '../pipeline/engine-ports.ts';
import { collect } from './collect.ts';

/** Which scanners look at the target beside our own, and where they are. */
export interface EngineOptions {
  readonly engine?: readonly string[];
  readonly enginePath?: readonly string[];
  readonly engineSha256?: readonly string[];
  /** Of the settings file; each option stands above what it says. */
  readonly engineSettings?: EngineSettings | undefined;
}

export function addEngineOptions(command: Command): Command {
  return command
    .option('--engine <names>', `run ${ENGINE_NAMES.join(', ')} too, and add what they find (repeatable)`, collect)
    .option('--engine-path <name=file>', 'the executable of an engine (default: from PATH; repeatable)', collect)
    .option('--engine-sha256 <name=hex>', 'run this very executable or none (repeatable)', collect);
}

/** The engines that were asked for, each once, in the order of their names. `plimsoll` is always there. Raises USAGE. */
export function parseEngines({
  engine = [],
  enginePath = [],
  engineSha256 = [],
  engineSettings = {},
}: EngineOptions): EngineChoice[] {
  const asked = new Set(engine.flatMap((names) => names.split(',').map((name) => name.trim())));
  asked.delete('plimsoll');
  for (const name of asked) engineName(name, '--engine');
  const paths = byEngine(enginePath, '--engine-path');
  const digests = byEngine(engineSha256, '--engine-sha256');
  for (const digest of digests.values()) {
    if (!/^[0-9a-f]{64}$/i.test(digest)) throw usage(`--engine-sha256 "${digest}" is no SHA-256 in hexadecimal`);
  }
  const unused = [...paths.keys(), ...digests.keys()].find((name) => !asked.has(name));
  if (unused !== undefined) throw usage(`an executable is named for ${unused}, which --engine does not ask for`);
  return ENGINE_NAMES.filter((name) => asked.has(name)).map((name) => ({
    name,
    path: paths.get(name) ?? engineSettings[name]?.path ?? null,
    sha256: (digests.get(name) ?? engineSettings[name]?.sha256)?.toLowerCase() ?? null,
  }));
}

function byEngine(values: readonly string[], option: string): Map<EngineName, string> {
  const found = new Map<EngineName, string>();
  for (const value of values) {
    const equals = value.indexOf('=');
    if (equals < 0 || equals === value.length - 1) throw usage(`${option} "${value}" is not NAME=VALUE`);
    const name = engineName(value.slice(0, equals), option);
    if (found.has(name)) throw usage(`${option} names ${name} twice`);
    found.set(name, value.slice(equals + 1));
  }
  return found;
}

function engineName(text: string, option: string): EngineName {
  const name = ENGINE_NAMES.find((each) => each === text);
  if (name === undefined)
    throw usage(`${option}: "${text}" is no engine; there are plimsoll, ${ENGINE_NAMES.join(', ')}`);
  return name;
}

function usage(message: string): PlimsollError {
  return new PlimsollError('USAGE', message);
}
