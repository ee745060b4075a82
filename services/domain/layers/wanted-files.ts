import type { LimitName, Limits } from '../limits.ts';
import type { Analyzer } from '../packages/ecosystem.ts';
import { isDirectory } from './inventory.ts';
import { isBelow, joinPath } from './path.ts';
import type { FoundEntry, ImageView, ViewedLayer } from './view.ts';

/** A file that an analyzer wants as the image stands, and where its bytes really lie. */
export interface WantedFile {
  readonly analyzer: Analyzer;
  /** The well-known name. */
  readonly name: string;
  readonly layer: number;
  /** Of the file that has the bytes. */
  readonly realPath: string;
  /**
   * The name that the bytes must have been read under to count: `realPath` where that is as good as `name` (the same
   * file of another root), else `name`. A status file that links to something else must not be read as something else.
   */
  readonly readAs: string;
}

export interface WantedProblem {
  readonly path: string;
  readonly message: string;
  readonly limit?: LimitName;
}

export interface WantedFiles {
  readonly files: readonly WantedFile[];
  readonly problems: readonly WantedProblem[];
  /** What the search looked up, and whether it was a directory that was just passed: see `concerns`. */
  readonly lookedUp: ReadonlyMap<string, boolean>;
}

/** What the searches of one image took so far, one after each layer that can change what they find. */
export interface SearchSpent {
  files: number;
  entries: number;
}

/** Names alone decide here: an analyzer that tells files by their content finds them while the layer is read. */
const NO_HEAD = () => new Uint8Array(0);
/** Links to directories inside a package database: dpkg, rpm and apk make none; more than a few are an attack. */
const DIRECTORY_LINKS = 16;

/**
 * Every file that the analyzers' well-known names lead to in the view after layer `top`, links resolved as the kernel
 * would inside the image: what a reading by name alone would miss or be misled by.
 */
export function wantedFiles(
  view: ImageView,
  top: number,
  analyzers: readonly Analyzer[],
  limits: Limits,
  spent: SearchSpent = { files: 0, entries: 0 },
): WantedFiles {
  const search = new Search(view, top, limits, spent);
  for (const analyzer of analyzers) for (const root of analyzer.roots) search.from(analyzer, root);
  return search;
}

/** False where a layer on top cannot change what a search found: most layers need no new one. */
export function concerns({ inventory, outline }: ViewedLayer, { lookedUp }: WantedFiles): boolean {
  const hidden = new Set([...outline.whiteouts, ...outline.opaques]);
  if (hidden.has('') || (lookedUp.has('') && inventory.size > 0)) return true;
  for (const [path, passed] of lookedUp) {
    if (hidden.has(path)) return true;
    const entry = inventory.find(path);
    // A directory over a directory; whoever puts something into it, or deletes from it, names it too.
    if (entry !== null && !(passed && isDirectory(entry))) return true;
  }
  return false;
}

class Search implements WantedFiles {
  readonly files: WantedFile[] = [];
  readonly problems: WantedProblem[] = [];
  readonly lookedUp = new Map<string, boolean>();
  readonly #view: ImageView;
  readonly #top: number;
  readonly #limits: Limits;
  readonly #spent: SearchSpent;
  readonly #seen = new Set<string>();
  #links = 0;

  constructor(view: ImageView, top: number, limits: Limits, spent: SearchSpent) {
    this.#view = view;
    this.#top = top;
    this.#limits = limits;
    this.#spent = spent;
  }

  from(analyzer: Analyzer, root: string): void {
    const resolved = this.#resolve(root);
    if (resolved.kind === 'cycle') this.#problem({ path: root, message: 'its links lead in a circle' });
    if (resolved.kind !== 'found') return;
    const { found } = resolved;
    if (isDirectory(found.entry)) this.#directory(analyzer, root, found.path, 0);
    else this.#file(analyzer, root, found);
  }

  #resolve(path: string) {
    const onLookup = (at: string, passed: boolean): void => {
      this.lookedUp.set(at, passed && (this.lookedUp.get(at) ?? true));
    };
    return this.#view.resolve(path, { top: this.#top, onLookup });
  }

  #directory(analyzer: Analyzer, name: string, realDirectory: string, links: number): void {
    this.lookedUp.set(realDirectory, false);
    // Links come last: what lies here is found, wherever they lead and whatever that takes.
    const linked: [name: string, link: FoundEntry][] = [];
    for (const found of this.#view.below(realDirectory, this.#top)) {
      const inside = joinPath(name, realDirectory === '' ? found.path : found.path.slice(realDirectory.length + 1));
      const limit = 'searchedEntries';
      if (++this.#spent.entries > this.#limits[limit]) {
        const message = `more than ${this.#limits[limit]} entries in package databases (${limit})`;
        this.#problem({ path: name, message, limit });
        break;
      }
      if (found.entry.type === 'symlink') linked.push([inside, found]);
      else if (!isDirectory(found.entry)) this.#file(analyzer, inside, found);
    }
    for (const [inside, link] of linked) this.#link(analyzer, inside, link, links);
  }

  #link(analyzer: Analyzer, name: string, link: FoundEntry, links: number): void {
    // Each may need a second read, and takes its time here.
    const limit = 'secondReadPaths';
    if (this.#links >= this.#limits[limit]) {
      this.#problem({
        path: name,
        message: `more than ${this.#limits[limit]} links in package databases (${limit})`,
        limit,
      });
      return;
    }
    this.#links++;
    const resolved = this.#resolve(link.path);
    if (resolved.kind !== 'found') {
      const message = resolved.kind === 'cycle' ? 'its links lead in a circle' : 'it is a link that leads nowhere';
      if (wants(analyzer, name, link)) this.#problem({ path: name, message });
      return;
    }
    if (!isDirectory(resolved.found.entry)) this.#file(analyzer, name, resolved.found);
    else if (links < DIRECTORY_LINKS) this.#directory(analyzer, name, resolved.found.path, links + 1);
    else this.#problem({ path: name, message: 'links to directories are nested too deeply' });
  }

  #file(analyzer: Analyzer, name: string, found: FoundEntry): void {
    const content = this.#view.contentOf(found);
    const at = content.kind === 'found' ? content.found : found;
    if (!wants(analyzer, name, at)) return;
    if (content.kind !== 'found' || at.entry.type !== 'file') {
      const what = content.kind === 'found' ? `it is a ${at.entry.type}` : 'its hard link leads nowhere';
      this.#problem({ path: name, message: `${what}, not a file that can be read` });
      return;
    }
    const { layer, path: realPath } = at;
    const readAs = sameFile(analyzer, name, realPath) ? realPath : name;
    const key = `${analyzer.id}\0${layer}\0${realPath}\0${readAs}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const limit = 'wantedFiles';
    if (++this.#spent.files <= this.#limits[limit]) {
      this.files.push({ analyzer, name, layer, realPath, readAs });
      return;
    }
    const message = `more than ${this.#limits[limit]} files belong to package databases (${limit})`;
    this.#problem({ path: name, message, limit });
  }

  /** A limit is reached once; other problems are as many as the links that `secondReadPaths` allows, and files. */
  #problem(problem: WantedProblem): void {
    if (this.problems.length > this.#limits.secondReadPaths) return;
    if (problem.limit === undefined || !this.problems.some(({ limit }) => limit === problem.limit))
      this.problems.push(problem);
  }
}

/** True where both names are the same place below two of the analyzer's roots, or the same name. */
function sameFile(analyzer: Analyzer, name: string, realPath: string): boolean {
  if (name === realPath) return true;
  const placesOf = (path: string): string[] =>
    analyzer.roots.flatMap((root) => (path === root ? [''] : isBelow(path, root) ? [path.slice(root.length)] : []));
  const places = placesOf(name);
  return placesOf(realPath).some((place) => places.includes(place));
}

function wants(analyzer: Analyzer, path: string, { entry }: FoundEntry): boolean {
  return analyzer.wants({ path, type: 'file', mode: entry.mode, size: entry.size }, NO_HEAD) === 'whole';
}
