import type { DatabaseFile } from '../../ecosystem.ts';

/** What one line of a requirements file asks for. */
export type RequirementLine =
  | { readonly kind: 'package'; readonly name: string; readonly version: string | null; readonly text: string }
  | { readonly kind: 'requirements' | 'constraints'; readonly path: string }
  /** A folder, an archive or a repository, whose name and version only it tells. */
  | { readonly kind: 'elsewhere'; readonly isLocal: boolean; readonly text: string }
  | { readonly kind: 'odd'; readonly text: string };

const NAME = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*/;
const INCLUDE = /^(?:-([rc])\s*|--(requirement|constraint)(?:\s+|=))(\S.*)$/;
const EDITABLE = /^(?:-e\s*|--editable(?:\s+|=))(\S.*)$/;

/**
 * The lines of a requirements file of pip (pip.pypa.io, "Requirements File Format"), those that go on in the next one
 * joined. Options for pip are passed over. Windows PowerShell writes UTF-16.
 */
export function requirementLines({ bytes }: DatabaseFile): RequirementLine[] {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  const text = new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
  const lines: string[] = [];
  let begun = '';
  for (const line of text.split(/\r\n|\r|\n/)) {
    const isComment = /^\s*#/.test(line);
    if (!isComment && line.endsWith('\\')) {
      begun += line.slice(0, -1);
      continue;
    }
    lines.push(begun + line);
    begun = '';
  }
  lines.push(begun);
  return lines.flatMap((line) => {
    const bare = withoutComment(line).trim();
    return bare === '' ? [] : (lineOf(bare) ?? []);
  });
}

/** A comment begins the line, or stands behind a blank. */
function withoutComment(line: string): string {
  for (let at = line.indexOf('#'); at >= 0; at = line.indexOf('#', at + 1)) {
    if (at === 0 || /\s/.test(line[at - 1]!)) return line.slice(0, at);
  }
  return line;
}

function lineOf(text: string): RequirementLine | null {
  const [, letter, word, path] = INCLUDE.exec(text) ?? [];
  if (path !== undefined) {
    return { kind: letter === 'c' || word === 'constraint' ? 'constraints' : 'requirements', path: path.trim() };
  }
  const editable = EDITABLE.exec(text)?.[1];
  if (editable !== undefined)
    return {
      kind: 'elsewhere',
      isLocal: !/^[\w+]+:\/\//.test(editable) && !editable.startsWith('git+'),
      text: editable,
    };
  if (text.startsWith('-')) return null;
  return packageOf(text);
}

function packageOf(text: string): RequirementLine {
  // Options of this requirement alone, and the conditions under which it is asked for at all.
  const [asked] = text.split(/\s--[a-z]|;/, 1) as [string];
  const [head, name] = NAME.exec(asked) ?? [];
  const rest = head === undefined ? '' : asked.slice(head.length).trim();
  if (name !== undefined && rest.startsWith('@')) {
    const wheel = /\/([\w.]+)-([\w.!+]+)-[^/]*\.whl(?:#|$)/.exec(decoded(rest));
    return { kind: 'package', name, version: wheel?.[2] ?? null, text: asked.trim() };
  }
  const isRequirement = name !== undefined && /^\(?(?:(?:[<>=!~]=?|===)[^()]*)?\)?$/.test(rest);
  if (isRequirement) return { kind: 'package', name, version: pinOf(rest), text: asked.trim() };
  if (/^[\w+]+:\/\/|^git\+/.test(text)) return { kind: 'elsewhere', isLocal: text.startsWith('file:'), text };
  if (/^[./~]|\.(?:whl|zip|tar\.\w+|tgz)$|[/\\]/.test(asked.trim())) return { kind: 'elsewhere', isLocal: true, text };
  return { kind: 'odd', text };
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    // No URL that escapes as it should: read as it is written.
    return url;
  }
}

/** Of `>=1,==1.2.3` the 1.2.3; `==1.*` allows many. */
function pinOf(specifiers: string): string | null {
  for (const specifier of specifiers.replace(/[()]/g, '').split(',')) {
    const version = /^\s*===?\s*([^\s*=]+)\s*$/.exec(specifier)?.[1];
    if (version !== undefined) return version;
  }
  return null;
}
