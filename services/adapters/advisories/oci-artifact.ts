import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { asArray, asObject, parseJsonObject, stringOr } from '../../domain/image/json.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { Downloader } from './download.ts';

/*
 * A database as an OCI artifact: a manifest whose one layer is the exported archive (OCI image spec 1.1, "artifact usage").
 * Anonymous pulls only; what makes it trusted is its signature, wherever it came from.
 */
const MANIFEST_TYPES = 'application/vnd.oci.image.manifest.v1+json';
const MANIFEST_BYTES = 4 * 2 ** 20;

/** `oci://HOST[:PORT]/REPOSITORY(:TAG|@DIGEST)`; USAGE otherwise. Registries on this machine are spoken to without TLS. */
export function parseArtifact(reference: string): { origin: string; repository: string; version: string } {
  const parts =
    /^oci:\/\/(?<host>[^/@\s]+)\/(?<repository>[a-z0-9][a-z0-9._/-]*)(?::(?<tag>[\w][\w.-]{0,127})|@(?<digest>sha256:[0-9a-f]{64}))$/.exec(
      reference,
    )?.groups;
  if (parts === undefined) {
    throw new PlimsollError(
      'USAGE',
      `"${reference}" is no artifact; write oci://HOST/REPOSITORY:TAG or …@sha256:DIGEST`,
    );
  }
  const { host, repository, tag, digest } = parts;
  const isHere = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(host!);
  return { origin: `${isHere ? 'http' : 'https'}://${host}`, repository: repository!, version: tag ?? digest! };
}

/** Fetches the archive of an artifact into a file and checks it against its digests. DOWNLOAD_FAILED, DIGEST_MISMATCH. */
export async function pullArtifact(
  reference: string,
  directory: string,
  downloader: Downloader,
  signal: AbortSignal,
): Promise<string> {
  const { origin, repository, version } = parseArtifact(reference);
  const base = `${origin}/v2/${repository}`;
  const named = (kind: string): string => join(directory, `${kind}-${randomBytes(6).toString('hex')}.part`);
  const manifestFile = named('manifest');
  const blobFile = named('blob');
  try {
    const headers = {
      accept: MANIFEST_TYPES,
      ...(await anonymousToken(base, version, repository, directory, downloader, signal)),
    };
    const url = `${base}/manifests/${version}`;
    const got = await downloader.download({
      urls: [url],
      file: manifestFile,
      maxBytes: MANIFEST_BYTES,
      headers,
      signal,
    });
    if (got === 'unchanged') throw mismatch(reference, 'its manifest');
    if (version.startsWith('sha256:') && version !== `sha256:${got.sha256}`) throw mismatch(reference, 'its manifest');
    const manifest = parseJsonObject(await readFile(manifestFile), `the manifest of ${reference}`);
    const layers = asArray(manifest.layers, 'layers');
    const digest = stringOr(layers.length === 1 ? asObject(layers[0], 'the layer').digest : null, null);
    if (digest === null || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
      throw new PlimsollError(
        'DOWNLOAD_FAILED',
        `${reference} is no advisory database: it has ${layers.length} layers, not one.`,
      );
    }
    const blob = await downloader.download({
      urls: [`${base}/blobs/${digest}`],
      file: blobFile,
      maxBytes: LIMITS.downloadBytes,
      headers,
      signal,
    });
    if (blob === 'unchanged' || `sha256:${blob.sha256}` !== digest) throw mismatch(reference, 'its layer');
    return blobFile;
  } catch (error) {
    await rm(blobFile, { force: true });
    throw error;
  } finally {
    await rm(manifestFile, { force: true });
  }
}

/** The header of an anonymous token, where the registry asks for one (distribution spec, token authentication). */
async function anonymousToken(
  base: string,
  version: string,
  repository: string,
  directory: string,
  downloader: Downloader,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const challenge = await downloader.challenge(`${base}/manifests/${version}`, MANIFEST_TYPES, signal);
  const parameter = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`).exec(challenge ?? '')?.[1];
  const realm = parameter('realm');
  if (challenge === null || !/^bearer /i.test(challenge) || realm === undefined || !URL.canParse(realm)) return {};
  const url = new URL(realm);
  if (url.protocol !== new URL(base).protocol) return {};
  url.searchParams.set('service', parameter('service') ?? '');
  url.searchParams.set('scope', `repository:${repository}:pull`);
  const file = join(directory, `token-${randomBytes(6).toString('hex')}.part`);
  try {
    await downloader.download({ urls: [url.href], file, maxBytes: MANIFEST_BYTES, signal });
    const answer = parseJsonObject(await readFile(file), 'the token');
    const token = stringOr(answer.token ?? answer.access_token, null);
    return token === null || !/^[\x21-\x7e]+$/.test(token) ? {} : { authorization: `Bearer ${token}` };
  } catch (cause) {
    throw new PlimsollError('DOWNLOAD_FAILED', `The registry gave no token: ${messageOf(cause)}`, { cause });
  } finally {
    await rm(file, { force: true });
  }
}

function mismatch(reference: string, what: string): PlimsollError {
  return new PlimsollError(
    'DIGEST_MISMATCH',
    `${reference} is not installed: ${what} is not that of its digest. Pull it again.`,
  );
}
