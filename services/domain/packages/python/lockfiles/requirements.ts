import { normalizePath, parentOf } from '../../../layers/path.ts';
import type { Analyzer, DatabaseFile, ReadContext } from '../../ecosystem.ts';
import { lockfileUnit } from '../../locked-packages.ts';
import { isProjectFile } from '../../project-files.ts';
import { quote } from '../../unit-gaps.ts';
import { normalized } from './python-project.ts';
import { type RequirementLine, requirementLines } from './requirement-lines.ts';

/** `requirements.txt`, `requirements-dev.txt`, `dev_requirements.txt`, `requirements/dev.txt`. */
const REQUIREMENTS = /(?:^|[/._-])requirements(?:[._-][^/]*)?\.txt$|(?:^|\/)requirements\/[^/]+\.txt$/i;
/** They say which version it would be, and ask for nothing. */
const CONSTRAINTS = /(?:^|\/)[^/]*constraints?[^/]*\.txt$/i;

/**
 * requirements.txt of pip. Only `==` says which version; where a constraints file of the project does so instead, that
 * counts. What is left open is told. Each file that another one includes is read by itself.
 */
export const requirements: Analyzer = {
  id: 'requirements',
  version: 1,
  roots: [],
  wants: ({ path }) => ((REQUIREMENTS.test(path) || CONSTRAINTS.test(path)) && isProjectFile(path) ? 'whole' : 'no'),
  readDatabase(files, context) {
    const project = new RequirementFiles(files, context);
    return { units: files.flatMap((file) => (isAsking(file.path) ? [unitOf(file, project, context)] : [])) };
  },
};

function isAsking(path: string): boolean {
  return REQUIREMENTS.test(path) && !CONSTRAINTS.test(path);
}

function unitOf(found: DatabaseFile, project: RequirementFiles, context: ReadContext) {
  return lockfileUnit(found, context, ({ gaps }, packages) => {
    const pins = project.pinsFor(found.path);
    for (const line of project.linesOf(found.path)) {
      if (line.kind === 'package') {
        const version = line.version ?? pins.get(normalized(line.name));
        if (version !== undefined) packages.add({ type: 'pypi', name: line.name, version });
        else gaps.add('dependency-unresolved', `${quote(line.text)} does not say which version is used`);
      } else if (line.kind === 'elsewhere') {
        if (!line.isLocal) gaps.add('dependency-unresolved', `${quote(line.text)} does not say which version it has`);
      } else if (line.kind === 'odd') {
        gaps.add('package-file-unparsable', `${quote(line.text)} is no requirement of pip`);
      } else {
        const path = project.included(found.path, line.path);
        if (path === null)
          gaps.add(
            'package-file-unparsable',
            `it includes ${quote(line.path)}, which was not read: no requirements file of the project by that name`,
          );
      }
    }
  });
}

/** The files of one project, and which includes which. They may include each other in a circle. */
class RequirementFiles {
  readonly #lines: ReadonlyMap<string, readonly RequirementLine[]>;
  /** Both ways: a constraint holds for everything that pip reads in one go. */
  readonly #linked = new Map<string, Set<string>>();
  readonly #constraints = new Set<string>();
  readonly #pins = new Map<string, ReadonlyMap<string, string>>();

  constructor(files: readonly DatabaseFile[], { limits }: ReadContext) {
    const readable = files.filter(({ bytes }) => bytes.length <= limits.packageFileBytes);
    this.#lines = new Map(readable.map((file) => [file.path, requirementLines(file)]));
    for (const [path, lines] of this.#lines) {
      for (const line of lines) {
        const to = 'path' in line ? this.included(path, line.path) : null;
        if (to === null) continue;
        if (line.kind === 'constraints') this.#constraints.add(to);
        this.#linkedTo(path).add(to);
        this.#linkedTo(to).add(path);
      }
    }
  }

  linesOf(path: string): readonly RequirementLine[] {
    return this.#lines.get(path) ?? [];
  }

  /** The file of the project that an include leads to; null where it leads to none, or out of the project. */
  included(from: string, to: string): string | null {
    if (to.startsWith('/') || /^\w+:/.test(to)) return null;
    const { path, escaped } = normalizePath(`${parentOf(from)}/${to}`);
    return !escaped && this.#lines.has(path) ? path : null;
  }

  /** Versions by normalised name, the same for all files that include each other. */
  pinsFor(path: string): ReadonlyMap<string, string> {
    const known = this.#pins.get(path);
    if (known !== undefined) return known;
    const reached = new Set([path]);
    for (const each of reached) for (const next of this.#linked.get(each) ?? []) reached.add(next);
    const pins = new Map<string, string>();
    for (const each of reached) {
      this.#pins.set(each, pins);
      if (!this.#constraints.has(each)) continue;
      for (const line of this.linesOf(each)) {
        if (line.kind === 'package' && line.version !== null) pins.set(normalized(line.name), line.version);
      }
    }
    return pins;
  }

  #linkedTo(path: string): Set<string> {
    const known = this.#linked.get(path) ?? new Set();
    this.#linked.set(path, known);
    return known;
  }
}
