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
  /** What the release build has its linker set to the version: the variable, `=`, and what stands before the version without its `v`. */
  readonly versionStamp: string;
  /** Where replace lines point into folders that the module's archive leaves out: the version under which those modules are published. */
  readonly stagingVersion?: string;
  /** Longest time that download and build may take; some minutes on two cores are normal. */
  readonly minutes: number;
  readonly why: string;
}

/** The API server and its client come from one module: what both need is compiled once. */
const KUBERNETES = {
  module: 'k8s.io/kubernetes',
  version: 'v1.37.2',
  stagingVersion: 'v0.37.2',
  // Each compiler of the API server's packages takes up to a gigabyte: no more of them than a small machine has memory for.
  environment: { GOFLAGS: '-mod=mod -buildvcs=false -p=2' },
  versionStamp: 'k8s.io/component-base/version.gitVersion=v',
  minutes: 30,
};

/** Every Go-built tool and its version: the one place. */
export const GO_TOOLS: readonly GoTool[] = [
  {
    name: 'trivy',
    module: 'github.com/aquasecurity/trivy',
    version: 'v0.72.0',
    command: './cmd/trivy',
    environment: { GOEXPERIMENT: 'jsonv2' },
    versionStamp: 'github.com/aquasecurity/trivy/pkg/version/app.ver=',
    minutes: 25,
    why: 'oracle for packages, and the yardstick of the benches',
  },
  {
    name: 'syft',
    module: 'github.com/anchore/syft',
    version: 'v1.54.1',
    command: './cmd/syft',
    environment: {},
    versionStamp: 'main.version=',
    minutes: 25,
    why: 'second oracle for packages; information in the benches',
  },
  {
    name: 'opa',
    module: 'github.com/open-policy-agent/opa',
    version: 'v1.22.2',
    command: '.',
    environment: {},
    versionStamp: 'github.com/open-policy-agent/opa/v1/version.Version=',
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
    versionStamp: 'main.version=',
    minutes: 10,
    why: "a registry of others that has the referrers API, which Debian's has not; zot is not on the module proxy",
  },
  {
    ...KUBERNETES,
    name: 'kube-apiserver',
    command: './cmd/kube-apiserver',
    why: 'the API server that admission is tested on',
  },
  { ...KUBERNETES, name: 'kubectl', command: './cmd/kubectl', why: 'what users see of admission' },
  {
    name: 'helm',
    module: 'helm.sh/helm/v4',
    version: 'v4.3.2',
    command: './cmd/helm',
    environment: {},
    versionStamp: 'helm.sh/helm/v4/internal/version.version=v',
    minutes: 20,
    why: 'renders the chart; built on the same Kubernetes libraries, which are then compiled once',
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
