import type { LocalEngine } from '../../domain/image/target.ts';
import type { OpenedTarget, OpenOptions, TargetOpener } from '../../pipeline/image-ports.ts';
import type { LocalImages } from './local-images.ts';

/** An image of a container engine: exported, then opened as the archive that it is by its content. */
export async function openExported(
  engine: LocalEngine,
  name: string,
  images: LocalImages,
  archives: TargetOpener,
  options: OpenOptions,
): Promise<OpenedTarget> {
  const { path, remove } = await images.export(engine, name, options);
  try {
    const opened = await archives.open({ kind: 'path', text: path, path, selector: null }, options);
    const storedAs = opened.targetKind === 'oci-archive' ? 'oci-archive' : 'docker-archive';
    const close = async (): Promise<void> => {
      await opened.close();
      await remove();
    };
    return { ...opened, targetKind: engine, storedAs, close };
  } catch (error) {
    await remove();
    throw error;
  }
}
