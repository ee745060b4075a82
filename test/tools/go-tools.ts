import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A tool that is no package of any distribution we test on, built from its Go module. */
export interface GoTool {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** The command's package, from the module's root. */
  readonly command: string;
  /** A main package of ours, beside this file, that takes the command's place; left out: the module's own. */
  readonly main?: string;
  /** Settings of the tool's own release build that change what is built. */
  readonly environment: Readonly<Record<string, string>>;
  /** The variable that the release build sets to the version, without its `v`. */
  readonly versionVariable: string;
  /** Longest time that download and build may take; some minutes on two cores are normal. */
  readonly minutes: number;
  readonly why: string;
}

/** Every Go-built tool and its version: the one place. */
export const GO_TOOLS: readonly GoTool[] = [
  {
    name: 'trivy',
    module: 'github.com/aquasecurity/trivy',
    version: 'v0.72.0',
    command: './cmd/trivy',
    environment: { GOEXPERIMENT: 'jsonv2' },
    versionVariable: 'github.com/aquasecurity/trivy/pkg/version/app.ver',
    minutes: 25,
    why: 'oracle for packages, and the yardstick of the benches',
  },
  {
    name: 'syft',
    module: 'github.com/anchore/syft',
    version: 'v1.54.1',
    command: './cmd/syft',
    environment: {},
    versionVariable: 'main.version',
    minutes: 25,
    why: 'second oracle for packages; information in the benches',
  },
  {
    name: 'opa',
    module: 'github.com/open-policy-agent/opa',
    version: 'v1.22.2',
    command: '.',
    environment: {},
    versionVariable: 'github.com/open-policy-agent/opa/v1/version.Version',
    minutes: 20,
    why: 'builds the policy bundle and runs the Rego tests; the committed bundle is compared with its build',
  },
  {
    name: 'referrers-registry',
    module: 'github.com/google/go-containerregistry',
    version: 'v0.22.1',
    command: './cmd/registry',
    main: 'referrers-registry.go',
    environment: {},
    versionVariable: 'main.version',
    minutes: 10,
    why: "a registry of others that has the referrers API, which Debian's has not; zot is not on the module proxy",
  },
];

/** Outside the checkout, so that a fresh clone finds the tools of the last one. */
export function toolCache(environment: NodeJS.ProcessEnv = process.env): string {
  const caches = environment.XDG_CACHE_HOME || join(homedir(), '.cache');
  return environment.PLIMSOLL_TOOLS_CACHE || join(caches, 'plimsoll-tools');
}

export function cachedPath(tool: GoTool, cache = toolCache()): string {
  return join(cache, `${tool.name}-${tool.version}`, tool.name);
}

/** The executable of a Go-built tool where it is cached, else null: tests then skip by name. */
export function findGoTool(name: string): string | null {
  const tool = GO_TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`${name} is not in GO_TOOLS`);
  try {
    const path = cachedPath(tool);
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return null;
  }
}
