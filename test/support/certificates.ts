import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A key and its certificate as files (PEM), made by openssl. */
export interface IssuedCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly certificate: string;
  readonly key: string;
}

/** `subject` as openssl writes it: "/O=system:masters/CN=admin". `names`: of subjectAltName, as "IP:127.0.0.1". */
export interface CertificateRequest {
  readonly subject: string;
  readonly names?: readonly string[];
}

/** A certificate authority of a test's own. */
export class TestAuthority {
  readonly #directory: string;
  readonly own: IssuedCertificate;
  #issued = 0;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.own = this.#make('authority', ['-subj', '/CN=authority', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']);
  }

  issue({ subject, names = [] }: CertificateRequest): IssuedCertificate {
    const { certificateFile, keyFile } = this.own;
    return this.#make(`issued-${this.#issued++}`, [
      ...['-subj', subject, '-CA', certificateFile, '-CAkey', keyFile],
      ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'extendedKeyUsage=serverAuth,clientAuth'],
      ...(names.length === 0 ? [] : ['-addext', `subjectAltName=${names.join(',')}`]),
    ]);
  }

  #make(name: string, options: readonly string[]): IssuedCertificate {
    const certificateFile = join(this.#directory, `${name}.pem`);
    const keyFile = join(this.#directory, `${name}.key`);
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', keyFile, '-out', certificateFile, ...options], {
      stdio: 'pipe',
    });
    const [certificate, key] = [certificateFile, keyFile].map((file) => readFileSync(file, 'utf8'));
    return { certificateFile, keyFile, certificate: certificate!, key: key! };
  }
}
