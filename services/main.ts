#!/usr/bin/env node
import './require-node.js';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CredentialSource } from './adapters/registry/credentials.ts';
import type { Registries } from './adapters/registry/registries.ts';
import { runProgram } from './cli/program.ts';
import type { RegisteredRegistries, RegistryChoice, Session } from './cli/session.ts';
import { isLocalEngine, type Target } from './domain/image/target.ts';
import { LIMITS } from './domain/limits.ts';
import type { Isolation } from './domain/report/isolation.ts';
import { VERSION } from './domain/version.ts';
import type { Programs } from './pipeline/engine-ports.ts';
import type { BlobSource, OpenOptions } from './pipeline/image-ports.ts';
import type { LayerReader } from './pipeline/layer-ports.ts';

// The composition root: the only place where adapters meet entry points. What a command needs is loaded with it, so
// that --help and --version answer at once.

const layerWorker = new URL(
  import.meta.url.endsWith('.ts') ? './layer-worker.ts' : './layer-worker.js',
  import.meta.url,
);

/** Built-in rules as source and as bundle; what Rego is compiled with. */
const policies = fileURLToPath(new URL('../policies/', import.meta.url));
/** Where `npm run sensor` builds it. */
const builtSensor = fileURLToPath(new URL('./agent/sensor/build/plimsoll-sensor', import.meta.url));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Made when it is first asked for. */
function onDemand<Thing>(make: () => Promise<Thing>): () => Promise<Thing> {
  let made: Promise<Thing> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

async function openRegistries(choice: RegistryChoice): Promise<Registries> {
  const { Registries } = await import('./adapters/registry/registries.ts');
  const { registrationsOf } = await import('./adapters/registry/registration.ts');
  const { givenCredentials } = await import('./adapters/registry/credentials.ts');
  return new Registries({
    registrationOf: await registrationsOf(choice),
    credentials: await credentialsBehind(await givenCredentials(choice.given, process.env, LIMITS)),
    environment: process.env,
    limits: LIMITS,
  });
}

/** What was given goes before what this machine has. */
async function credentialsBehind(given: CredentialSource): Promise<CredentialSource> {
  const { firstCredentials } = await import('./adapters/registry/credentials.ts');
  const { DockerConfig } = await import('./adapters/registry/docker-config.ts');
  const { EcrCredentials } = await import('./adapters/registry/ecr.ts');
  return firstCredentials([given, new DockerConfig(process.env, LIMITS), new EcrCredentials()]);
}

/** A client that one target is read with, or one that outlives it. */
interface RegistryClient {
  readonly open: () => Promise<RegisteredRegistries>;
  readonly outlives: boolean;
}

function clientFor(registry: RegistryChoice | RegisteredRegistries): RegistryClient {
  if ('open' in registry) return { open: async () => registry, outlives: true };
  return { open: onDemand(() => openRegistries(registry)), outlives: false };
}

async function openTarget(target: Target, options: OpenOptions, { open, outlives }: RegistryClient) {
  if (target.kind !== 'registry') {
    const { LocalTargetOpener } = await import('./adapters/archive/open-target.ts');
    if (!isLocalEngine(target.kind)) return new LocalTargetOpener().open(target, options);
    const { LocalImages } = await import('./adapters/local-images/local-images.ts');
    const { openExported } = await import('./adapters/local-images/open-exported.ts');
    return openExported(target.kind, target.path, new LocalImages(process.env), new LocalTargetOpener(), options);
  }
  const client = await open();
  if (outlives) return client.open(target, options);
  try {
    return { ...(await client.open(target, options)), close: () => client.close() };
  } catch (error) {
    // Idle connections would hold the process for seconds.
    await client.close();
    throw error;
  }
}

async function layerReader(isolation: Isolation, blobs: BlobSource, programs: Programs): Promise<LayerReader> {
  if (isolation === 'thread') {
    const { LayerThreads } = await import('./adapters/readers/layer-threads.ts');
    return new LayerThreads(layerWorker, { blobs });
  }
  const { LayerProcesses } = await import('./adapters/readers/layer-processes.ts');
  const { StoredLayers } = await import('./adapters/archive/stored-layers.ts');
  return new LayerProcesses(layerWorker, { opener: new StoredLayers(blobs), programs });
}

async function* fetched({ open }: RegistryClient, wanted: Parameters<BlobSource['fetch']>) {
  yield* (await open()).fetch(...wanted);
}

/** What SIGHUP means where something can be read again; else it stops. */
let reload: (() => void) | null = null;

const session: Session = {
  version: VERSION,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  openCache: async ({ directory, onWarning }) => {
    const { cacheDirectory } = await import('./adapters/cache/directory.ts');
    const { FileFactsCache } = await import('./adapters/cache/file-facts-cache.ts');
    return FileFactsCache.open({ directory: directory ?? cacheDirectory(process.env), onWarning });
  },
  scanDependencies: async (cache, registry, isolation) => {
    const { LocalEngines } = await import('./adapters/engines/local-engines.ts');
    const { LocalPrograms } = await import('./adapters/programs/local-programs.ts');
    const { SbomThreads } = await import('./adapters/readers/sbom-threads.ts');
    const { ANALYZERS } = await import('./domain/packages/registry.ts');
    const registries = clientFor(registry);
    const programs = new LocalPrograms(process.env.PATH);
    const blobs = { fetch: (...wanted: Parameters<BlobSource['fetch']>) => fetched(registries, wanted) };
    return {
      opener: { open: (target, options) => openTarget(target, options, registries) },
      reader: await layerReader(isolation, blobs, programs),
      cache,
      sbomReader: new SbomThreads(),
      engineRunner: new LocalEngines(programs),
      analyzers: ANALYZERS,
      lockfileAnalyzers: async () => (await import('./domain/packages/lockfiles.ts')).LOCKFILES,
      sbomAnalyzer: async () => (await import('./domain/sbom/sbom-contents.ts')).sbomContents,
      sha256,
      breathe: () => setImmediate(),
      clock: { moment: () => new Date().toISOString(), elapsed: () => performance.now() },
      version: VERSION,
    };
  },
  registries: openRegistries,
  localImages: async () => new (await import('./adapters/local-images/local-images.ts')).LocalImages(process.env),
  openDatabase: async (named) => {
    const { openDatabase } = await import('./adapters/advisories/open-database.ts');
    return openDatabase(named, process.env);
  },
  databases: async () => {
    const { Databases } = await import('./adapters/advisories/databases.ts');
    const { forgetDownload } = await import('./adapters/advisories/feed-downloads.ts');
    const { FEEDS } = await import('./domain/vulnerabilities/feeds/registry.ts');
    const databases = new Databases(process.env);
    return {
      feedIds: FEEDS.map(({ id }) => id),
      buildDependencies: (root, places) => ({ ...databases.buildDependencies(root, places), feeds: FEEDS }),
      status: (root) => databases.status(root),
      verify: (root) => databases.verify(root),
      diff: (before, after) => databases.diff(before, after),
      exportFile: (root, file, keyFile) => databases.exportFile(root, file, keyFile),
      importFile: (root, file, terms) => databases.importFile(root, file, terms),
      pull: (root, url, terms, signal) => databases.pull(root, url, terms, signal),
      fetchFeeds: (root, sources, allowShrunk, signal) => databases.fetchFeeds(root, sources, allowShrunk, signal),
      forgetDownload,
    };
  },
  secrets: async () => {
    const { SecretSources } = await import('./adapters/secrets/secret-sources.ts');
    const { SealingKeys } = await import('./adapters/secrets/sealing-keys.ts');
    const sources = new SecretSources(process.env);
    return {
      newKey: () => SealingKeys.generate(),
      newSecret: () => randomBytes(32).toString('base64url'),
      seal: (secret, use) => sources.keys.seal(secret, use),
      read: (source, use) => sources.read(source, use),
    };
  },
  registeredRegistries: async (registrations) => {
    const { SecretSources } = await import('./adapters/secrets/secret-sources.ts');
    const { Registries } = await import('./adapters/registry/registries.ts');
    const { registeredRegistries } = await import('./adapters/registry/registered.ts');
    const { useOfSecret } = await import('./cli/webhooks-session.ts');
    const secrets = new SecretSources(process.env);
    const registered = await registeredRegistries(registrations, (source, { id }) => {
      return secrets.read(source, useOfSecret(id));
    });
    const credentials = await credentialsBehind(registered);
    const { registrationOf } = registered;
    return new Registries({ registrationOf, credentials, environment: process.env, limits: LIMITS });
  },
  webhooks: async () => {
    const { setupLines } = await import('../webhooks/registry/setup.ts');
    return {
      instructions: setupLines,
      startDry: async ({ registrations, print, ...options }) => {
        const { SecretSources } = await import('./adapters/secrets/secret-sources.ts');
        const { SnsClient } = await import('./adapters/sns/sns-client.ts');
        const { useOfSecret } = await import('./cli/webhooks-session.ts');
        const { openRegistrations } = await import('../webhooks/registry/open-registrations.ts');
        const { startReceiver } = await import('../webhooks/start.ts');
        const secrets = new SecretSources(process.env);
        return startReceiver({
          ...options,
          registrations: openRegistrations(registrations.values(), (source, { id }) =>
            secrets.read(source, useOfSecret(id)),
          ),
          accept: async (delivery) => {
            print.write(`${JSON.stringify(delivery)}\n`);
            return { id: randomUUID(), replay: false };
          },
          sns: new SnsClient(),
        });
      },
    };
  },
  sha256,
  serverVerdicts: async (url, tokenFile) => {
    const { VerdictClient } = await import('./adapters/server/verdict-client.ts');
    const { SecretSources } = await import('./adapters/secrets/secret-sources.ts');
    const { PlimsollError } = await import('./domain/errors.ts');
    if (!URL.canParse(url)) throw new PlimsollError('USAGE', `--server "${url}" is no URL`);
    const token = new SecretSources(process.env).read({ file: tokenFile }, '');
    return new VerdictClient(new URL(url), token).all();
  },
  agent: async ({ cgroupRoot, sensor, pins }) => {
    const { NativeSensor } = await import('./adapters/sensor/native-sensor.ts');
    const { LocalContainers } = await import('./adapters/runtimes/local-containers.ts');
    const { LIMITS } = await import('./domain/limits.ts');
    const native = new NativeSensor({ path: sensor, builtIn: builtSensor, cgroupRoot, pins }, LIMITS);
    return {
      limits: LIMITS,
      containers: new LocalContainers(LIMITS),
      sensor: native,
      openOutlets: async (settings, say) => {
        const { openOutlets } = await import('./outlets.ts');
        return openOutlets(settings, { say, sensorProgram: () => native.program(), environment: process.env });
      },
    };
  },
  openBundleVerifier: async (trust) => {
    const { openBundleVerifier } = await import('./adapters/sigstore/bundle-verifier.ts');
    return openBundleVerifier(trust);
  },
  openPolicies: async ({ builtin, paths, bundles = [], opa = 'opa', limits }) => {
    const { openPolicies } = await import('./adapters/opa/open-policies.ts');
    const sources = { builtin: builtin ? `${policies}bundle` : null, paths, bundles, opa, shared: policies };
    return openPolicies(sources, limits);
  },
  buildPolicy: async (directory, { output, name, opa }) => {
    const { buildBundle } = await import('./adapters/opa/open-policies.ts');
    return buildBundle(directory, output, { opa, shared: policies }, name);
  },
  testPolicy: async (directory, { opa }) => {
    const { testPolicy } = await import('./adapters/opa/compile-policy.ts');
    return testPolicy(directory, { opa, shared: policies });
  },
  serve: async (request) => {
    const { startServer } = await import('./serve.ts');
    return startServer(request, session);
  },
  store: async (settings, onMessage) => {
    const { openStoreSession } = await import('./serve-store.ts');
    return openStoreSession(settings, onMessage);
  },
  onStop: (stop) => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    let stopping = false;
    const handle = (signal: string): void => {
      if (signal === 'SIGHUP' && reload !== null) {
        reload();
        return;
      }
      // A second Ctrl-C does not wait for anything.
      if (stopping) process.exit(1);
      stopping = true;
      stop(signal);
    };
    for (const signal of signals) process.on(signal, handle);
    return () => {
      for (const signal of signals) process.off(signal, handle);
    };
  },
  onReload: (call) => {
    reload = call;
    return () => {
      reload = null;
    };
  },
};

// Whoever read our messages may be gone; that is no reason to die half-way. Writing a report fails by its own check.
process.stderr.on('error', () => {});
process.stdout.on('error', () => {});
process.exitCode = await runProgram(process.argv.slice(2), session);
