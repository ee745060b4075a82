import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrivatePostgres } from '../../services/adapters/store/private-postgres.ts';
import { type IssuedCertificate, TestAuthority } from '../support/certificates.ts';
import { buildImage, writeOciLayout } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { RedisServer } from '../support/redis-server.ts';
import { REPOSITORY } from '../support/repository.ts';

/** Images that pass, all different. */
const GOOD_IMAGES = 10;
const CLIENT_NAME = 'api-server';
/** USER_HZ, which Linux shows to programs on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
const PATIENCE_MS = 180_000;

/** A replica of `plimsoll admission serve`. */
export interface Replica {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Two replicas of admission on one store and one queue, with images whose verdicts are known, and what one can do to them. */
export class AdmissionRig {
  readonly #directory: string;
  readonly #authority: TestAuthority;
  readonly #redis = new RedisServer();
  #postgres: PrivatePostgres | null = null;
  #processes: ChildProcess[] = [];
  readonly client: IssuedCertificate;
  /** Of the certificate that replicas are to show now. */
  serial = '';
  /** Stands in each denial, once the newest policies are loaded. */
  revision = 0;
  replicas: readonly Replica[] = [];
  good: readonly string[] = [];
  bad = '';

  constructor(directory: string) {
    this.#directory = directory;
    this.#authority = new TestAuthority(join(directory, 'certificates'));
    this.client = this.#authority.issue({ subject: `/CN=${CLIENT_NAME}` });
  }

  /** PEM of whoever issues the replicas' certificates. */
  get ca(): string {
    return this.#authority.own.certificate;
  }

  async start(replicas: number): Promise<void> {
    await this.startStore();
    await this.startQueue();
    this.rotateCertificate();
    this.reloadPolicies();
    await this.#scanImages();
    this.replicas = await Promise.all(Array.from({ length: replicas }, () => this.#startReplica()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(end));
    await this.stopStore();
    await this.#redis.remove();
  }

  async startStore(): Promise<void> {
    const directory = join(this.#directory, 'store');
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    const options = { binaries: null, account: null, path: process.env.PATH, onLine: () => {}, onCrash: () => {} };
    this.#postgres = await PrivatePostgres.start({ directory, ...options });
  }

  async stopStore(): Promise<void> {
    await this.#postgres?.stop();
    this.#postgres = null;
  }

  async startQueue(): Promise<void> {
    await this.#redis.start('--maxmemory-policy', 'noeviction');
  }

  async stopQueue(): Promise<void> {
    await this.#redis.kill();
  }

  /** A new certificate of the same authority, in the place of the old one in one step. */
  rotateCertificate(): void {
    const { certificate, key } = this.#authority.issue({ subject: '/CN=localhost', names: ['DNS:localhost'] });
    // The key first: a reader that meets two that do not belong together waits for the next look.
    this.#replace('server.key', key);
    this.#replace('server.pem', certificate);
    this.serial = new X509Certificate(certificate).serialNumber;
  }

  /** Settings that come to the same verdicts, in other bytes. */
  reloadPolicies(): void {
    const rules = {
      privileged_container: { mode: 'deny' },
      image_verdict: { mode: 'deny' },
      image_unscanned: { mode: 'deny' },
    };
    const exceptionHelp = `ask the platform team (revision ${++this.revision})`;
    this.#replace('policy.json', JSON.stringify({ policy: { rules }, admission: { exceptionHelp } }));
  }

  /** Processor time of the replicas and what they started, so far. Milliseconds. */
  processorMs(): number {
    return this.replicas.reduce((sum, { child }) => sum + processorMs(child.pid!), 0);
  }

  /** As the kernel does when memory is short: no chance to say goodbye. */
  async kill(replica: Replica): Promise<void> {
    const ended = once(replica.child, 'exit');
    replica.child.kill('SIGKILL');
    await ended;
  }

  #replace(name: string, text: string): void {
    const path = join(this.#directory, name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** By the server's own workers, so that the verdicts are those that it would have. */
  async #scanImages(): Promise<void> {
    const images = join(this.#directory, 'images');
    mkdirSync(images);
    const built = await Promise.all(
      Array.from({ length: GOOD_IMAGES + 1 }, (_, index) => {
        // The last one is below the line: Debian has fixed its OpenSSL (DSA-5532).
        const openssl = index === GOOD_IMAGES ? '3.0.11-1~deb12u1' : '3.0.17-1~deb12u2';
        const packages = [
          { name: `own-${index}`, version: '1' },
          { name: 'libssl3', version: openssl, source: 'openssl' },
        ];
        const entries = [file('etc/os-release', OS_RELEASE.debian), file('var/lib/dpkg/status', dpkgStatus(packages))];
        return buildImage({ layers: [{ entries, compression: 'none' }] });
      }),
    );
    const server = this.#spawn('serve', [], {
      scan: { db: 'starter', localDirectories: [images] },
    });
    const [, address] = await server.said(/"address":"(http:[^"]+)"/);
    const [token] = await server.said(/plimsoll_[\w-]+/);
    const ask = async (method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const response = await fetch(`${address}${path}`, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      });
      return (await response.json()) as { id?: string; job?: { id: string }; state?: string; decision?: string };
    };
    const decisions: string[] = [];
    for (const [index, image] of built.entries()) {
      const layout = join(images, String(index));
      writeOciLayout(layout, [image]);
      await ask('POST', '/api/v1/images', { target: `oci-dir:${layout}` });
      const path = `/api/v1/images/${image.manifestDigest}/verdict`;
      const verdict = await until(async () => (await ask('GET', path)).decision ?? null, `a verdict of image ${index}`);
      decisions.push(verdict);
    }
    await end(server.child);
    if (decisions.at(-1) !== 'fail' || decisions.slice(0, -1).some((each) => each !== 'pass')) {
      throw new Error(`the images of the bench have other verdicts than it wants: ${decisions.join(', ')}`);
    }
    const references = built.map(({ manifestDigest }) => `registry.example/app@${manifestDigest}`);
    this.good = references.slice(0, -1);
    this.bad = references.at(-1)!;
  }

  async #startReplica(): Promise<Replica> {
    const inDirectory = (name: string) => join(this.#directory, name);
    const replica = this.#spawn('admission', ['serve'], {
      scan: { db: 'starter', settings: inDirectory('policy.json') },
      admission: {
        listen: '127.0.0.1:0',
        serverNames: ['localhost'],
        certificate: { file: inDirectory('server.pem'), keyFile: inDirectory('server.key') },
        clientAuthorities: this.#authority.own.certificateFile,
        clientNames: [CLIENT_NAME],
        policyReloadSeconds: 1,
        certificateSeconds: 1,
        // The deadline of reviews is what counts.
        policyMs: 20_000,
      },
    });
    const [, port] = await replica.said(/"address":"https:\/\/[^"]*:(\d+)"/);
    await replica.said(/"msg":"ready"/);
    return { child: replica.child, url: `https://localhost:${port}` };
  }

  #spawn(command: string, options: readonly string[], settings: object) {
    const config = join(this.#directory, `${command}-${this.#processes.length}.json`);
    const { host, port, user, database } = this.#postgres!.connection;
    const store = { url: `postgresql:///${database}?host=${encodeURIComponent(host)}&port=${port}&user=${user}` };
    const queue = { url: this.#redis.socket };
    writeFileSync(
      config,
      JSON.stringify({
        listen: '127.0.0.1:0',
        dataDirectory: join(this.#directory, 'data'),
        store,
        queue,
        ...settings,
      }),
    );
    const args = [join(REPOSITORY, 'services/main.ts'), command, ...options, '--config', config];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.#directory });
    this.#processes.push(child);
    let text = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        // Its beginning says where it listens; its end, why it failed.
        text = `${text}${piece}`.slice(-200_000);
      });
    }
    const said = (pattern: RegExp): Promise<RegExpExecArray> =>
      until(async () => {
        if (child.exitCode !== null) throw new Error(`plimsoll ${command} ended: ${text}`);
        return pattern.exec(text);
      }, `plimsoll ${command} to say ${pattern}`);
    return { child, said };
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; of a process that is gone, nothing. */
function processorMs(pid: number): number {
  try {
    // Behind the name, which may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return ticks * (1_000 / TICKS_PER_SECOND) + children.reduce((sum, child) => sum + processorMs(Number(child)), 0);
  } catch {
    return 0;
  }
}

async function until<Found>(look: () => Promise<Found | null>, what: string): Promise<Found> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited too long for ${what}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await ended;
  clearTimeout(late);
}
