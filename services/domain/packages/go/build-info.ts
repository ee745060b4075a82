import { quote, type UnitGaps } from '../unit-gaps.ts';

export interface GoModule {
  readonly path: string;
  /** As `go version -m` prints it: `v1.2.3`, a pseudo-version, `(devel)`, or nothing. */
  readonly version: string;
  /** What was built in its place (`replace` of go.mod): another module, or a folder. */
  readonly replace: { readonly path: string; readonly version: string } | null;
}

/** What `go version -m` prints (runtime/debug, BuildInfo.String). */
export interface BuildInfo {
  readonly main: GoModule | null;
  readonly dependencies: readonly GoModule[];
  readonly settings: ReadonlyMap<string, string>;
}

/** Reads the lines `mod`, `dep`, `=>` and `build`, each with tabs between its columns; passes over all others, as Go does. */
export function parseModules(text: string, most: number, gaps: UnitGaps): BuildInfo {
  let main: GoModule | null = null;
  const dependencies: GoModule[] = [];
  const settings = new Map<string, string>();
  let last: 'mod' | 'dep' | null = null;
  for (const line of text.split('\n')) {
    const [word, path = '', version = ''] = line.split('\t', 3);
    const module: GoModule = { path, version, replace: null };
    switch (word) {
      case 'mod':
        main = module;
        last = 'mod';
        break;
      case 'dep':
        if (dependencies.length >= most) {
          gaps.add('limit-reached', `it has more than ${most} dependencies`);
          return { main, dependencies, settings };
        }
        dependencies.push(module);
        last = 'dep';
        break;
      case '=>': {
        const replaced: GoModule | null | undefined =
          last === 'mod' ? main : last === 'dep' ? dependencies.pop() : undefined;
        if (replaced === null || replaced === undefined || path === '') {
          gaps.add('package-file-unparsable', `a replacement of no module, or by none: ${quote(line)}`);
        }
        if (replaced === null || replaced === undefined) break;
        const whole: GoModule = path === '' ? replaced : { ...replaced, replace: { path, version } };
        if (last === 'mod') main = whole;
        else dependencies.push(whole);
        last = null;
        break;
      }
      case 'build':
        addSetting(settings, line.slice('build\t'.length));
    }
  }
  return { main, dependencies, settings };
}

/** KEY=VALUE, either of them a Go string literal where it has blanks or quotes. Only plain keys are of use here. */
function addSetting(settings: Map<string, string>, setting: string): void {
  const equals = setting.indexOf('=');
  if (equals <= 0 || setting.startsWith('"') || setting.startsWith('`')) return;
  settings.set(setting.slice(0, equals), unquoted(setting.slice(equals + 1)));
}

/** Literals that JSON does not know (`\x00`, `\a`) stay as they are: nothing that is looked for in them needs those. */
function unquoted(value: string): string {
  if (/^`[^`]*`$/.test(value)) return value.slice(1, -1);
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
