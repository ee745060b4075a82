import { describe, expect, test } from 'vitest';
import type { CaBundleWriter, CertificateIssuer, SharedSecret } from './admission-ports.ts';
import { caBundleOf, OwnCertificates, type OwnCertificatesDependencies } from './own-certificates.ts';

const LIFE = { authorityDays: 90, serverDays: 10, overlapMinutes: 60 };
const CONFIGURATION = { kind: 'ValidatingWebhookConfiguration', name: 'plimsoll' } as const;
const HOUR = 3_600_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const never = new AbortController().signal;

/** Certificates as texts that say by whom they are, and until when. */
function textIssuer(): CertificateIssuer {
  let made = 0;
  return {
    newAuthority: ({ notAfter }) => ({
      certificate: `authority-${++made} until ${notAfter.toISOString()}`,
      key: `${made}`,
    }),
    newCertificate: ({ certificate }, { notAfter }) => {
      return { certificate: JSON.stringify([certificate, notAfter.toISOString()]), key: 'server' };
    },
  };
}

/** A secret as Kubernetes keeps it: whoever writes says which version was seen. */
function memorySecret(text: string | null = null): SharedSecret & { text: string | null } {
  let version = 0;
  return {
    text,
    async read() {
      return this.text === null ? null : { text: this.text, version: String(version) };
    },
    async replace(next, seen) {
      if (seen !== (this.text === null ? null : String(version))) return false;
      this.text = next;
      version += 1;
      return true;
    },
  };
}

function bundleWriter(): CaBundleWriter & { bundle: string; fails: boolean } {
  return {
    bundle: '',
    fails: false,
    async setCaBundle(_configuration, bundle) {
      if (this.fails) throw new Error('the API server does not answer');
      this.bundle = bundle;
      return true;
    },
  };
}

function certificates(changes: Partial<OwnCertificatesDependencies> = {}) {
  const warnings: string[] = [];
  return {
    warnings,
    own: new OwnCertificates({
      secret: memorySecret(),
      issuer: textIssuer(),
      bundles: bundleWriter(),
      configurations: [CONFIGURATION],
      dnsNames: ['plimsoll.plimsoll.svc'],
      life: LIFE,
      onWarning: (message) => warnings.push(message),
      ...changes,
    }),
  };
}

const signerOf = (certificate: string): string => JSON.parse(certificate)[0];
const expiryOf = (certificate: string): number => Date.parse(JSON.parse(certificate)[1]);

describe('own certificates', () => {
  test('over a year, whatever one of two replicas shows is believed and holds, also where its writes fail now and then', async () => {
    const [secret, bundles, issuer] = [memorySecret(), bundleWriter(), textIssuer()];
    const replicas = [0, 1].map(() => certificates({ secret, bundles, issuer }).own);
    const history: string[] = [];
    const faults: string[] = [];
    const signers = new Set<string>();
    for (let at = START; at < START + 365 * 24 * HOUR; at += HOUR / 2) {
      for (const [i, replica] of replicas.entries()) {
        bundles.fails = i === 1 && (at / HOUR) % 7 === 0;
        const shown = await replica.keep(new Date(at), never);
        const signer = signerOf(shown.certificate);
        signers.add(signer);
        // An API server may hold a configuration that is an hour old.
        const believed = [...history.slice(-2), bundles.bundle].every((bundle) => bundle.includes(signer));
        if (!believed || expiryOf(shown.certificate) < at + 24 * HOUR)
          faults.push(`${new Date(at).toISOString()}: ${i}`);
      }
      history.push(bundles.bundle);
      if (JSON.parse(secret.text!).authorities.length > 2) faults.push('an authority that nobody needs was kept');
    }
    expect(faults).toEqual([]);
    // Each authority is followed by the next after two thirds of its 90 days.
    expect(signers.size).toBe(7);
  });

  test('a new authority signs nothing before every configuration was seen to have it', async () => {
    const bundles = bundleWriter();
    const { own, warnings } = certificates({ bundles });
    const first = signerOf((await own.keep(new Date(START), never)).certificate);
    bundles.fails = true;
    const later = START + 61 * 24 * HOUR;
    await own.keep(new Date(later), never);
    expect(signerOf((await own.keep(new Date(later + 5 * HOUR), never)).certificate)).toBe(first);
    expect(warnings.at(-1)).toContain('the API server does not answer');
    bundles.fails = false;
    expect(signerOf((await own.keep(new Date(later + 6 * HOUR), never)).certificate)).not.toBe(first);
  });

  test('two replicas that start at one moment have one authority', async () => {
    const [secret, bundles, issuer] = [memorySecret(), bundleWriter(), textIssuer()];
    const shown = await Promise.all(
      [0, 1].map(() => certificates({ secret, bundles, issuer }).own.keep(new Date(START), never)),
    );
    expect(new Set(shown.map(({ certificate }) => signerOf(certificate))).size).toBe(1);
    expect(bundles.bundle).toBe(caBundleOf(JSON.parse(secret.text!).authorities));
  });

  test('a caBundle that somebody emptied is written again', async () => {
    const bundles = bundleWriter();
    const { own } = certificates({ bundles });
    await own.keep(new Date(START), never);
    bundles.bundle = '';
    await own.keep(new Date(START + HOUR), never);
    expect(bundles.bundle).toContain('authority-1');
  });

  test.each(['no JSON', '{"schemaVersion":"2","authorities":[]}', '[]'])(
    'a secret that is %s is refused, and left',
    async (text) => {
      const secret = memorySecret(text);
      await expect(certificates({ secret }).own.keep(new Date(START), never)).rejects.toMatchObject({
        code: 'SECRET_UNREADABLE',
      });
      expect(secret.text).toBe(text);
    },
  );

  test('a configuration that is not there is told', async () => {
    const { own, warnings } = certificates({ bundles: { setCaBundle: async () => false } });
    await own.keep(new Date(START), never);
    expect(warnings).toEqual(['there is no ValidatingWebhookConfiguration plimsoll to write the caBundle to']);
  });
});
