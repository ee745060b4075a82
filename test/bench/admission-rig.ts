import type { ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IssuedCertificate, TestAuthority } from '../support/certificates.ts';
import { buildImage, writeOciLayout } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clientOf, end, processorMs, ServerRig, until } from './server-rig.ts';

/** Images that pass, all different. */
const GOOD_IMAGES = 10;
const CLIENT_NAME = 'api-server';

/** A replica of `plimsoll admission serve`. */
export interface Replica {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Two replicas of admission on one store and one queue, with images whose verdicts are known, and what one can do to them. */
export class AdmissionRig extends ServerRig {
  readonly #authority: TestAuthority;
  readonly client: IssuedCertificate;
  /** Of the certificate that replicas are to show now. */
  serial = '';
  /** Stands in each denial, once the newest policies are loaded. */
  revision = 0;
  replicas: readonly Replica[] = [];
  good: readonly string[] = [];
  bad = '';

  constructor(directory: string) {
    super(directory);
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
    const path = join(this.directory, name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** By the server's own workers, so that the verdicts are those that it would have. */
  async #scanImages(): Promise<void> {
    const images = join(this.directory, 'images');
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
    const server = this.spawn('serve', [], {
      scan: { db: 'starter', localDirectories: [images] },
    });
    const ask = await clientOf(server);
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
    const inDirectory = (name: string) => join(this.directory, name);
    const replica = this.spawn('admission', ['serve'], {
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
}
