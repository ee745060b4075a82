/**
 * `KEY=VALUE` lines as os-release(5) allows them: comments, blank lines, single quotes (literal), double quotes and
 * bare words (backslash escapes the next character). No expansion, no concatenation; the last assignment counts.
 */
export function parseAssignments(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(line);
    if (match !== null) values.set(match[1]!, unquote(match[2]!.trim()));
  }
  return values;
}

function unquote(text: string): string {
  const quote = text[0];
  if (quote === "'") {
    const end = text.indexOf("'", 1);
    return text.slice(1, end < 0 ? undefined : end);
  }
  const quoted = quote === '"';
  let value = '';
  for (let i = quoted ? 1 : 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === (quoted ? '"' : ' ')) break;
    // Inside double quotes a backslash is special only before " $ ` and itself (POSIX shell, 2.2.3).
    if (char === '\\' && i + 1 < text.length && (!quoted || '"$`\\'.includes(text[i + 1]!))) i += 1;
    value += text[i]!;
  }
  return value;
}
