import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { parseJsonObject } from '../../domain/image/json.ts';
import { type Descriptor, parseManifest } from '../../domain/image/manifest.ts';
import type { Target } from '../../domain/image/target.ts';
import type { OpenedTarget, OpenOptions, TargetOpener } from '../../pipeline/image-ports.ts';
import { openArchive } from './archive-files.ts';
import { DirectoryFiles, Documents, LayoutContent } from './content.ts';
import { configDigests, looseImages } from './docker-manifest.ts';
import { openSbom } from './sbom-file.ts';
import { spillStandardInput } from './standard-input.ts';

/** Opens what lies on this machine: archives, OCI layouts, installed systems, SBOMs. */
export class LocalTargetOpener implements TargetOpener {
  async open(target: Target, options: OpenOptions): Promise<OpenedTarget> {
    if (target.kind === 'sbom') return openSbom(target.path === '-' ? '-' : resolve(target.path), options);
    if (target.path === '-' && target.kind !== 'docker-archive' && target.kind !== 'oci-archive') {
      throw new PlimsollError(
        'USAGE',
        `"-" stands for an archive or an SBOM on standard input: docker-archive:-, oci-archive:- or sbom:-`,
      );
    }
    const path = target.path === '-' ? target.path : resolve(target.path);
    if (target.kind === 'rootfs' || target.kind === 'dir') {
      await expectKind(path, 'directory');
      const location = {
        kind: 'directory',
        path,
        crossMounts: options.crossMounts,
        project: target.kind === 'dir',
      } as const;
      return { kind: 'rootfs', targetKind: target.kind, location, path, close: async () => {} };
    }
    const isDirectory =
      target.kind === 'oci-dir' || (target.kind === 'path' && (await expectKind(path, 'any')) === 'directory');
    if (isDirectory) return this.#layout(path, target, options);
    return this.#archive(path, target.kind, options);
  }

  async #layout(path: string, target: Target, { limits }: OpenOptions): Promise<OpenedTarget> {
    await expectKind(path, 'directory');
    const files = new DirectoryFiles(path);
    const documents = new Documents(files, limits);
    const roots = await layoutRoots(documents);
    if (roots === null) {
      const hint =
        target.kind === 'path'
          ? `; for an installed system or an unpacked root file system write rootfs:${target.path}`
          : '';
      throw new PlimsollError('TARGET_UNREADABLE', `${path} is no OCI image layout: it has no index.json${hint}`);
    }
    return {
      kind: 'content',
      targetKind: 'oci-dir',
      roots,
      content: new LayoutContent(files, documents),
      dockerConfigs: null,
      path,
      close: async () => {},
    };
  }

  async #archive(path: string, asked: Target['kind'], options: OpenOptions): Promise<OpenedTarget> {
    const spilled = path === '-' ? await spillStandardInput(options) : null;
    const close = async (): Promise<void> => spilled?.remove();
    try {
      if (spilled === null) await expectKind(path, 'file');
      const files = await openArchive(spilled?.path ?? path, options);
      const documents = new Documents(files, options.limits);
      const loose = await looseImages(files, documents, options.limits);
      const named = await layoutRoots(documents);
      if (asked === 'oci-archive' && named === null) {
        throw new PlimsollError('TARGET_UNREADABLE', `${path} holds no OCI layout: it has no index.json`);
      }
      // docker save of an image by its id, not by a name, leaves the index empty.
      const useLoose = asked !== 'oci-archive' && loose !== null && (named === null || named.length === 0);
      const targetKind =
        asked === 'oci-archive' || (asked === 'path' && loose === null) ? 'oci-archive' : 'docker-archive';
      // Of a redirected standard input we have a name that means something else to other processes.
      const outside = spilled === null ? path : await realpath(spilled.path).catch(() => spilled.path);
      if (useLoose) return { kind: 'loose', targetKind, images: loose, path: outside, close };
      if (named === null) {
        const message = `${path} is no image archive: it has neither manifest.json nor index.json`;
        throw new PlimsollError('TARGET_UNREADABLE', message);
      }
      const content = new LayoutContent(files, documents);
      const dockerConfigs = loose === null ? null : configDigests(loose);
      return { kind: 'content', targetKind, roots: named, content, dockerConfigs, path: outside, close };
    } catch (error) {
      await close();
      throw error;
    }
  }
}

/** What index.json names; null where the files are no OCI layout. */
async function layoutRoots(documents: Documents): Promise<readonly Descriptor[] | null> {
  const bytes = await documents.read('index.json');
  if (bytes === null) return null;
  const document = parseManifest(parseJsonObject(bytes, 'index.json'), 'index.json');
  if (document.kind !== 'index') throw new PlimsollError('MANIFEST_INVALID', 'index.json is a manifest, not an index');
  return document.manifests;
}

async function expectKind(path: string, wanted: 'file' | 'directory' | 'any'): Promise<'file' | 'directory'> {
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')
      throw new PlimsollError('TARGET_NOT_FOUND', `${path} does not exist`, { cause });
    throw new PlimsollError('TARGET_UNREADABLE', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  });
  const kind = stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : null;
  if (kind === null)
    throw new PlimsollError('TARGET_UNREADABLE', `${path} is a special file, neither a regular file nor a directory`);
  if (wanted !== 'any' && kind !== wanted)
    throw new PlimsollError('TARGET_UNREADABLE', `${path} is a ${kind}, a ${wanted} was expected`);
  return kind;
}
