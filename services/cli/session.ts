import type { Writable } from 'node:stream';
import type { Limits } from '../domain/limits.ts';
import type { Registration } from '../domain/registries/registration.ts';
import type { Isolation } from '../domain/report/isolation.ts';
import type { PinnedState, SelftestTry, SensorPrograms } from '../domain/runtime/sensor-frame.ts';
import type { CachedVerdict } from '../domain/runtime/verdict-cache.ts';
import type { AdvisoryDatabase } from '../pipeline/advisory-ports.ts';
import type {
  BlobSource,
  LocalImageLister,
  ReferrerLister,
  RegistryLister,
  RegistryResolver,
  TargetOpener,
} from '../pipeline/image-ports.ts';
import type { FactsCache, Sha256 } from '../pipeline/layer-ports.ts';
import type { BundleFiles } from '../pipeline/policy-ports.ts';
import type { PolicySource } from '../pipeline/reload-policies.ts';
import type { Containers, Sensor } from '../pipeline/runtime-ports.ts';
import type { ScanDependencies } from '../pipeline/scan-target.ts';
import type { ServerJudge } from '../pipeline/server-judge.ts';
import type { ServerSettings } from '../pipeline/server-settings.ts';
import type { BundleVerifier, PolicyEvaluator, SignerTrust } from '../pipeline/verdict-ports.ts';
import type { Outlet } from './agent-outlets.ts';
import type { DatabaseSession } from './database-session.ts';
import type { SinkSettings } from './sink-options.ts';
import type { StoreSession } from './store-session.ts';
import type { SecretSession, WebhookSession } from './webhooks-session.ts';

/** The facts cache as commands use it. */
export interface CacheSession extends FactsCache {
  info(): Promise<{ directory: string; entries: number; bytes: number; oldest: Date | null; newest: Date | null }>;
  prune(options: {
    all?: boolean;
    maxBytes?: number;
    olderThanMs?: number;
  }): Promise<{ removed: number; bytes: number }>;
  /** Ends the session: keeps the cache within its cap. */
  close(): Promise<void>;
  /** Removes half-written entries at once; for a signal handler. */
  discardUnfinished(): void;
}

export interface OpenedDatabase extends AdvisoryDatabase {
  close(): Promise<void>;
}

/** Loaded policies as commands use them. */
export interface PolicySession extends PolicyEvaluator {
  /** Ends their threads. */
  close(): Promise<void>;
}

/** How the command line says that registries are to be spoken to. */
export interface RegistryChoice {
  readonly plainHttp: boolean;
  readonly verifyTls: boolean;
  /** A file of certificates in PEM; null for none beside the system's. */
  readonly caFile: string | null;
  /** Hosts and networks that a registry may send us to. */
  readonly allowed: readonly string[];
  /** Registries that are asked first. */
  readonly mirrors: readonly string[];
  /** Whose credentials are given; everything else's are those that docker and podman keep. */
  readonly given: {
    /** As references name it; null where the target lies in none. */
    readonly registry: string | null;
    readonly username: string | null;
    readonly passwordStdin: boolean;
  };
}

/** The runtime agent as commands use it. */
export interface AgentSession {
  readonly limits: Limits;
  readonly containers: Containers;
  readonly sensor: Sensor & {
    probe(): Promise<SensorPrograms>;
    /** Puts an encoded profile into the pinned maps. */
    load(profile: Uint8Array): Promise<void>;
    /** Takes off all that is pinned. */
    detach(): Promise<void>;
    /** What pins keep. */
    status(): Promise<PinnedState>;
    /** Tries what a profile forbids; `withFiles`: this kernel can deny to open them. */
    selftest(profile: string, withFiles: boolean): Promise<readonly SelftestTry[]>;
    /** The real path of the executable. */
    program(): Promise<string>;
  };
  /** Opens the sinks; what becomes of them is told by `say`, a line each. SECRET_UNREADABLE, OUTPUT_FAILED, USAGE. */
  openOutlets(settings: SinkSettings, say: (text: string) => void): Promise<readonly Outlet[]>;
}

/** All in one process; the API alone; a worker alone; the webhooks of registries alone; admission alone. */
export type ServeRole = 'serve' | 'api' | 'worker' | 'webhooks' | 'admission';

/** A client for registered registries, with the credentials of their registrations. */
export interface RegisteredRegistries extends TargetOpener, BlobSource, RegistryLister, RegistryResolver {
  close(): Promise<void>;
}

export interface ServeRequest {
  readonly role: ServeRole;
  readonly settings: ServerSettings;
  /** By id. */
  readonly registrations: ReadonlyMap<string, Registration>;
  /** null: the settings have no section `admission`, or this server judges no reviews. */
  readonly admissionPolicies: PolicySource | null;
  readonly judge: ServerJudge;
}

export interface RunningServer {
  /** URL of the API, with the port as it turned out. */
  readonly address: string;
  /** Takes nothing more, ends what was begun, and frees everything. */
  stop(): Promise<void>;
}

/** Registries as commands use them. */
export interface RegistrySession extends RegistryResolver, RegistryLister, ReferrerLister {
  close(): Promise<void>;
}

/** What the composition root hands to the commands. */
export interface Session {
  readonly version: string;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly environment: Readonly<Record<string, string | undefined>>;
  openCache(options: { directory: string | undefined; onWarning: (message: string) => void }): Promise<CacheSession>;
  /** `registry`: how registries are to be spoken to, where the target lies in one; a client is left open. */
  scanDependencies(
    cache: FactsCache | null,
    registry: RegistryChoice | RegisteredRegistries,
    isolation: Isolation,
  ): Promise<ScanDependencies>;
  registries(choice: RegistryChoice): Promise<RegistrySession>;
  localImages(): Promise<LocalImageLister>;
  /**
   * The advisory database that `--db` names: a directory, `starter`, or null for the installed one. Null where none is
   * installed; DATABASE_NOT_FOUND where a directory that was named has none; DATABASE_UNUSABLE.
   */
  openDatabase(named: string | null): Promise<OpenedDatabase | null>;
  /** What the `db` commands do. */
  databases(): Promise<DatabaseSession>;
  /** Secrets, and the keys that they are sealed with. Raises SECRET_UNREADABLE. */
  secrets(): Promise<SecretSession>;
  /** Raises SECRET_UNREADABLE, USAGE, TARGET_UNREADABLE. */
  registeredRegistries(registrations: Iterable<Registration>): Promise<RegisteredRegistries>;
  /** What the commands around webhooks of registries do. */
  webhooks(): Promise<WebhookSession>;
  /** What verifies VEX that comes with an image. Raises USAGE. */
  openBundleVerifier(trust: SignerTrust): Promise<BundleVerifier>;
  /** Loads the built-in policies, those at `paths`, and bundles. Raises POLICY_INVALID. */
  openPolicies(options: {
    builtin: boolean;
    paths: readonly string[];
    bundles?: readonly BundleFiles[];
    opa?: string;
    /** Of one evaluation, and whether what replaces a broken process is started before. */
    limits?: { readonly deadlineMs: number; readonly spare: boolean };
  }): Promise<PolicySession>;
  /** Compiles Rego into the bundle at `output`; the ids of its rules, and its digest. */
  buildPolicy(
    directory: string,
    options: { output: string; name?: string; opa: string },
  ): Promise<{ readonly rules: readonly string[]; readonly digest: string }>;
  /** Runs Rego tests; what opa says of them. */
  testPolicy(directory: string, options: { opa: string }): Promise<{ passed: boolean; output: string }>;
  /** The newest verdicts of a server. DOWNLOAD_FAILED, SECRET_UNREADABLE, USAGE. */
  serverVerdicts(url: string, tokenFile: string): Promise<readonly CachedVerdict[]>;
  /** `sensor`: the executable, where one is named; `pins`: where what it attaches outlives it. */
  agent(options: { cgroupRoot: string | null; sensor: string | null; pins: string | null }): Promise<AgentSession>;
  readonly sha256: Sha256;
  /** Raises STORE_UNUSABLE, QUEUE_UNUSABLE, LISTEN_FAILED, SETTINGS_INVALID. */
  serve(request: ServeRequest): Promise<RunningServer>;
  /** The store that the settings name, alone. Raises STORE_UNUSABLE, SETTINGS_INVALID. */
  store(settings: ServerSettings, onMessage: (message: string) => void): Promise<StoreSession>;
  /** Calls back on SIGINT and SIGTERM; returns what takes the handlers off again. */
  onStop(stop: (signal: string) => void): () => void;
  /** Calls back on SIGHUP, which then stops nothing; returns what ends that. */
  onReload(call: () => void): () => void;
}
