import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectLayer } from '../../../test/support/collected-layer.ts';
import { LINK_TARGETS, PATHS, SPELLED_PATHS, STACKS } from '../../../test/support/layer-stacks.ts';
import { type RawEntry, UnpackedImage, unpackLayer } from '../../../test/support/unpacked-image.ts';
import { ImageView } from './view.ts';

interface Built {
  readonly view: ImageView;
  /** After each layer. */
  readonly images: readonly UnpackedImage[];
}

/** What no runtime can unpack is left out of the layers first. */
function build(layers: readonly (readonly RawEntry[])[]): Built {
  const view = new ImageView();
  const unpacked = layers.map(unpackLayer);
  for (const { entries } of unpacked) view.push(collectLayer(entries));
  const images = unpacked.map((_, top) => {
    const image = new UnpackedImage();
    for (const layer of unpacked.slice(0, top + 1)) image.push(layer);
    return image;
  });
  return { view, images };
}

/** In the terms of the plain model: another name of a file is that file. */
function described(view: ImageView, found: NonNullable<ReturnType<ImageView['find']>>) {
  const content = view.contentOf(found);
  const { entry } = content.kind === 'found' ? content.found : found;
  const { type, mode, size, target } = entry;
  return { path: found.path, layer: found.layer, type, mode, size, target };
}

/** Sorted as a tree: what lies in a directory follows it at once. */
function listed(image: UnpackedImage, directory = '') {
  const inside = [...image.files].filter(([name]) => directory === '' || name.startsWith(`${directory}/`));
  const key = (name: string): string => name.replaceAll('/', '\0');
  return inside.map(([name, file]) => ({ path: name, ...file })).sort((a, b) => (key(a.path) < key(b.path) ? -1 : 1));
}

describe('the view of a stack of layers is what unpacking them makes', () => {
  it('lists the same tree after every layer', () => {
    fc.assert(
      fc.property(STACKS, (layers) => {
        const { view, images } = build(layers);
        for (const [top, image] of images.entries()) {
          const ours = [...view.below('', top)].map((found) => described(view, found));
          expect(ours).toEqual(listed(image));
        }
      }),
      { numRuns: 3000 },
    );
  }, 20_000);

  it('finds each path, and lists each directory, as the tree has them', () => {
    fc.assert(
      fc.property(STACKS, (layers) => {
        const { view, images } = build(layers);
        const top = images.length - 1;
        const image = images[top]!;
        const expected = listed(image);
        expect(expected.map(({ path: name }) => described(view, view.find(name)!))).toEqual(expected);
        expect(PATHS.filter((name) => !image.files.has(name) && view.find(name) !== null)).toEqual([]);
        for (const name of PATHS.filter((text) => image.files.has(text))) {
          expect([...view.below(name)].map((each) => described(view, each))).toEqual(listed(image, name));
        }
      }),
      { numRuns: 1000 },
    );
  }, 20_000);

  it('resolves links as the kernel would with the image as its root', () => {
    fc.assert(
      fc.property(
        STACKS,
        fc.array(fc.oneof(SPELLED_PATHS, LINK_TARGETS), { minLength: 1, maxLength: 8 }),
        (layers, names) => {
          const { view, images } = build(layers);
          for (const [top, image] of images.entries()) {
            for (const name of names) {
              const ours = view.resolve(name, { top });
              const real = ours.kind === 'found' ? ours.found.path : ours.kind === 'missing' ? null : ours.kind;
              expect([name, real]).toEqual([name, image.resolve(name)]);
            }
          }
        },
      ),
      { numRuns: 1500 },
    );
  }, 20_000);

  it('stays in itself consistent for layers that no runtime unpacks', () => {
    fc.assert(
      fc.property(STACKS, (layers) => {
        const view = new ImageView();
        for (const entries of layers) view.push(collectLayer(entries));
        const all = [...view.below('')];
        for (const found of all) {
          expect(view.find(found.path)).toEqual(found);
          const parent = found.path.slice(0, Math.max(0, found.path.lastIndexOf('/')));
          if (parent !== '') expect(view.find(parent)?.entry.type).toMatch(/directory|implicit/);
          view.contentOf(found);
          view.resolve(found.path);
        }
        const names = new Set(all.map(({ path: name }) => name));
        expect(PATHS.filter((name) => !names.has(name) && view.find(name) !== null)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  }, 20_000);
});

describe('on purpose other than some runtimes', () => {
  const file = (name: string, size = 1): RawEntry => ({ name, type: 'file', size });
  const link = (name: string, target: string): RawEntry => ({ name, type: 'symlink', target });
  const viewOf = (...layers: RawEntry[][]): ImageView => {
    const view = new ImageView();
    for (const entries of layers) view.push(collectLayer(entries));
    return view;
  };
  const listing = (view: ImageView): string[] => [...view.below('')].map(({ path: at, layer }) => `${layer}:${at}`);

  // On overlayfs, where nearly all containers run, the layer's own directory takes the place of the link below it. A
  // runtime that unpacks all layers into one tree (vfs, devmapper) would write through the link.
  it('a link of a lower layer is replaced, not written through', () => {
    const view = viewOf([link('lib', 'usr/lib'), file('usr/lib/a')], [file('lib/b')]);
    expect(listing(view)).toEqual(['1:lib', '1:lib/b', '0:usr', '0:usr/lib', '0:usr/lib/a']);
  });

  // On overlayfs the layer with such a link is refused. Unpacked into one tree, the name has that content.
  it('a hard link may lead to a file of a lower layer', () => {
    const view = viewOf([file('a', 7)], [{ name: 'b', type: 'hardlink', target: 'a' }], [file('.wh.a')]);
    expect(view.contentOf(view.find('b')!)).toMatchObject({ kind: 'found', found: { layer: 0, path: 'a' } });
    expect(view.find('a')).toBeNull();
  });

  // A runtime keeps the old content under the new name. Nobody writes such layers but to deceive a reader, and who can
  // do that can as well write what he likes into the file; keeping all content in case it is linked is not worth it.
  it('a hard link leads to what has the other name in the end', () => {
    const view = viewOf([file('a', 1), { name: 'b', type: 'hardlink', target: 'a' }, file('a', 2)]);
    expect(view.contentOf(view.find('b')!)).toMatchObject({ found: { entry: { size: 2 } } });
  });

  // The spec has a whiteout hide it; overlayfs forgets a marker whose directory is replaced within the layer.
  it('a deletion counts although its directory is replaced afterwards', () => {
    const dir: RawEntry = { name: 'd', type: 'directory' };
    const view = viewOf([file('d/a'), file('d/b')], [file('d/.wh.a'), file('d'), dir]);
    expect(listing(view)).toEqual(['1:d', '0:d/b']);
  });

  it('links are followed as many times as Linux does, and once more is a circle', () => {
    const chain = Array.from({ length: 41 }, (_, i) => link(`l${i}`, `l${i + 1}`));
    const view = viewOf([...chain, file('l41')]);
    expect([view.resolve('l1').kind, view.resolve('l0').kind]).toEqual(['found', 'cycle']);
  });

  it('a hard link that leads in a circle, or too far, has no content', () => {
    const hard = (name: string, target: string): RawEntry => ({ name, type: 'hardlink', target });
    const chain = Array.from({ length: 60 }, (_, i) => hard(`l${i}`, `l${i + 1}`));
    const view = viewOf([hard('a', 'b'), hard('b', 'a'), hard('c', 'c'), hard('d', 'gone'), ...chain, file('l60')]);
    const kinds = ['a', 'c', 'd', 'l0', 'l50'].map((name) => view.contentOf(view.find(name)!).kind);
    expect(kinds).toEqual(['cycle', 'cycle', 'missing', 'cycle', 'found']);
  });
});
