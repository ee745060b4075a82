/** What a server asks for before it answers (RFC 9110, 11.6.1). */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** By their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const BLANKS = /[ \t,]*/y;
/** `name = value`, the value a token or quoted. */
const PARAMETER = /([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[\s\S])*)"|([!#$%&'*+.^_`|~\w/:-]+))/y;
const SCHEME = /([!#$%&'*+.^_`|~\w-]+)(?:[ \t]+([\w.~+/-]+=*)(?=[ \t]*(?:,|$)))?/y;

/**
 * The challenges of WWW-Authenticate, of one header or of several, in their order. Of what is no challenge, the part
 * that is one.
 */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const header of headers) {
    let at = 0;
    const match = (pattern: RegExp): RegExpExecArray | null => {
      pattern.lastIndex = at;
      const found = pattern.exec(header);
      if (found !== null) at = pattern.lastIndex;
      return found;
    };
    for (match(BLANKS); at < header.length; match(BLANKS)) {
      const parameter = match(PARAMETER);
      if (parameter !== null) {
        const [, name, quoted, token] = parameter;
        const value = quoted?.replace(/\\([\s\S])/g, '$1') ?? token!;
        const { parameters } = challenges.at(-1) ?? { parameters: new Map<string, string>() };
        // Of a name that is there twice the first holds, so that nothing added behind it changes what is asked.
        if (!parameters.has(name!.toLowerCase())) parameters.set(name!.toLowerCase(), value);
        continue;
      }
      const scheme = match(SCHEME);
      if (scheme === null) break;
      challenges.push({ scheme: scheme[1]!.toLowerCase(), parameters: new Map() });
    }
  }
  return challenges;
}
