import { beforeAll, describe, expect, test } from 'vitest';
import type { Registries } from '../../services/adapters/registry/registries.ts';
import { parseReference } from '../../services/domain/image/reference.ts';
import {
  cosignAttestation,
  digestTag,
  pushAttached,
  pushManifest,
  referrer,
  referrersIndex,
} from '../support/attached.ts';
import { type BuiltImage, buildImage, MEDIA_TYPES, sha256 } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { packagesOf } from '../support/outcome.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { allBytes, FETCHING, registriesFor } from '../support/registries.ts';
import { scan } from '../support/scan.ts';
import { attestationBundle, envelope, signingKey, vexStatement } from '../support/sigstore.ts';

/** A registry that images can be pushed to. */
export interface PushableRegistry {
  readonly host: string;
  push(name: string, image: BuiltImage): unknown;
}

/** What the client makes of any registry. `hasReferrers`: it has the API of distribution spec 1.1 for them. */
export function registryContract(
  name: string,
  start: (atEnd: (close: () => void) => void) => Promise<PushableRegistry>,
  { skip = false, hasReferrers = false } = {},
): void {
  describe.skipIf(skip)(`images in ${name}`, () => {
    let registry: PushableRegistry;
    let client: Registries;
    let image: BuiltImage;
    const reference = (rest: string) => parseReference(`${registry.host}/${rest}`);

    beforeAll(async () => {
      const closes: (() => void)[] = [];
      registry = await start((close) => closes.push(close));
      client = registriesFor();
      const status = dpkgStatus([{ name: 'curl', version: '7.88.1-10' }]);
      const base = { entries: [file('etc/os-release', OS_RELEASE.debian), file('var/lib/dpkg/status', status)] };
      image = await buildImage({ layers: [base, { entries: [file('srv/x', 'y')], compression: 'zstd' }] });
      registry.push('team/app:1', image);
      return async () => {
        await client.close();
        for (const close of closes) close();
      };
    });

    test('a tag leads to its digest', async () => {
      expect(await client.resolve(reference('team/app:1'), FETCHING)).toMatchObject({ digest: image.manifestDigest });
    });

    test('its repositories and tags are listed', async () => {
      const all = async (items: AsyncIterable<string>) => {
        const list: string[] = [];
        for await (const item of items) list.push(item);
        return list;
      };
      expect(await all(client.repositories(registry.host, FETCHING))).toContain('team/app');
      expect(await all(client.tags({ registry: registry.host, repository: 'team/app' }, FETCHING))).toEqual(['1']);
      const none = all(client.tags({ registry: registry.host, repository: 'team/none' }, FETCHING));
      await expect(none).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' });
    });

    test('a digest is not asked for', async () => {
      const named = reference(`team/app:2@${image.manifestDigest}`);
      expect(await client.resolve(named, FETCHING)).toMatchObject({ digest: image.manifestDigest, size: -1 });
    });

    test.each(['team/app:2', 'team/none:1'])('%s is not found', async (rest) => {
      await expect(client.resolve(reference(rest), FETCHING)).rejects.toMatchObject({ code: 'TARGET_NOT_FOUND' });
    });

    test('blobs come whole; what is not there is missing', async () => {
      for (const { digest, blob } of image.layers) {
        const location = {
          kind: 'fetched',
          registry: registry.host,
          repository: 'team/app',
          digest,
          size: blob.length,
        } as const;
        expect((await allBytes(client.fetch(location, FETCHING))).equals(blob)).toBe(true);
      }
      const digest = sha256(Buffer.from('absent'));
      const absent = { kind: 'fetched', registry: registry.host, repository: 'team/app', digest, size: 6 } as const;
      await expect(allBytes(client.fetch(absent, FETCHING))).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    });

    test('what nothing refers to has no referrers', async () => {
      const name = { registry: registry.host, repository: 'team/app' };
      expect(await client.referrers(name, image.manifestDigest, FETCHING)).toEqual([]);
    });

    const key = signingKey();
    const attest = (subject: BuiltImage) => attestationBundle(vexStatement(subject.manifestDigest, {}), key);
    const fresh = async (content: string) => {
      const other = await buildImage({ layers: [{ entries: [file('etc/x', content)] }] });
      registry.push('team/app:other', other);
      return other;
    };
    /** The referrers of the digest of the VEX that a scan of the image finds. */
    const vexFoundOf = async ({ manifestDigest }: BuiltImage) => {
      const report = await scan(`${registry.host}/team/app@${manifestDigest}`, { registries: client });
      expect(report.completeness.gaps.filter(({ code }) => code === 'vex-unreadable')).toEqual([]);
      return report.findings.filter(({ kind }) => kind === 'vex').map((found) => found.referrer);
    };

    test('what refers to an image is found, and the VEX of it by a scan', async () => {
      const subject = await fresh('referrers');
      const [vex, signature] = [
        referrer(subject, attest(subject)),
        referrer(subject, { other: 1 }, { 'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1' }),
      ];
      for (const each of [vex, signature]) await pushAttached(registry.host, 'team/app', each);
      // What a client does where the registry does not say that it keeps them itself (distribution spec 1.1).
      if (!hasReferrers)
        await pushManifest(
          registry.host,
          'team/app',
          referrersIndex([vex, signature]),
          MEDIA_TYPES.index,
          digestTag(subject),
        );
      const repository = { registry: registry.host, repository: 'team/app' };
      const found = await client.referrers(repository, subject.manifestDigest, FETCHING);
      expect(found.map(({ digest }) => digest).toSorted()).toEqual([vex.digest, signature.digest].toSorted());
      expect(await vexFoundOf(subject)).toEqual([vex.digest]);
    });

    test('what cosign attached before there were referrers is found by a scan', async () => {
      const subject = await fresh('cosign');
      const statement = vexStatement(subject.manifestDigest, {});
      const vex = cosignAttestation(subject, envelope(statement, key));
      await pushAttached(registry.host, 'team/app', vex, `${digestTag(subject)}.att`);
      expect(await vexFoundOf(subject)).toEqual([vex.digest]);
    });

    test('a scan finds what a scan of the same image as a file finds', async () => {
      const report = await scan(`${registry.host}/team/app:1`, { registries: client });
      expect(packagesOf(report)).toEqual(['curl 7.88.1-10']);
      expect(report.completeness).toMatchObject({ status: 'complete', layersRead: 2 });
      expect(report.target).toEqual({
        kind: 'registry',
        reference: `${registry.host}/team/app:1`,
        digest: image.manifestDigest,
        platform: 'linux/amd64',
      });
    });
  });
}
