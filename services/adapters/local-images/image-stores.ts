import type { LocalImage } from '../../pipeline/image-ports.ts';

/** How one container engine is asked for its images, by its own command. */
export interface ImageStore {
  readonly program: string;
  /** Arguments that write the image as an archive to standard output. The name never starts with "-". */
  readonly save: (name: string) => readonly string[];
  readonly list: readonly string[];
  /** What the command lists; names and ids as it takes them itself. Raises for anything it would not write. */
  readonly parseList: (text: string) => readonly LocalImage[];
}

type Environment = Readonly<Record<string, string | undefined>>;

export const IMAGE_STORES = { docker, podman, containerd } as const satisfies Record<
  string,
  (environment: Environment) => ImageStore
>;

/** docker-image-save(1), docker-image-ls(1): a JSON object per line. */
function docker(): ImageStore {
  return {
    program: 'docker',
    save: (name) => ['image', 'save', name],
    list: ['image', 'ls', '--no-trunc', '--format', '{{json .}}'],
    parseList: (text) =>
      linesOf(text).map((line) => {
        const { ID, Repository, Tag } = JSON.parse(line) as Record<string, unknown>;
        const id = expectText(ID);
        const isNamed = Repository !== '<none>' && Tag !== '<none>';
        return { id, name: isNamed ? `${expectText(Repository)}:${expectText(Tag)}` : id };
      }),
  };
}

/** podman-save(1), podman-images(1). Layers as they are stored: packing them would take longer than all the rest. */
function podman(): ImageStore {
  return {
    program: 'podman',
    save: (name) => ['image', 'save', '--quiet', '--format', 'oci-archive', '--uncompressed', name],
    list: ['image', 'ls', '--format', 'json'],
    parseList: (text) => {
      const items: unknown = JSON.parse(text);
      if (!Array.isArray(items)) throw new Error('it is no list');
      return items.flatMap(({ Id, Names }: Record<string, unknown>) => {
        const names = Array.isArray(Names) && Names.length > 0 ? Names : [Id];
        return names.map((name) => ({ id: expectText(Id), name: expectText(name) }));
      });
    },
  };
}

/** ctr(8): a table whose first column is the name and whose third is the digest. CONTAINERD_NAMESPACE chooses the namespace. */
function containerd(environment: Environment): ImageStore {
  const namespace = ['--namespace', environment.CONTAINERD_NAMESPACE || 'default'];
  return {
    program: 'ctr',
    save: (name) => [...namespace, 'images', 'export', '-', name],
    list: [...namespace, 'images', 'ls'],
    parseList: (text) =>
      linesOf(text)
        .slice(1)
        .map((line) => {
          const [name, , digest] = line.split(/\s+/);
          return { id: expectText(digest), name: expectText(name) };
        }),
  };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function expectText(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error('an image has no name or id');
}
