/** Debian's releases by code name, as namespaces number them (https://www.debian.org/releases/). */
const NUMBERS: ReadonlyMap<string, string> = new Map([
  ['woody', '3.0'],
  ['sarge', '3.1'],
  ['etch', '4'],
  ['lenny', '5'],
  ['squeeze', '6'],
  ['wheezy', '7'],
  ['jessie', '8'],
  ['stretch', '9'],
  ['buster', '10'],
  ['bullseye', '11'],
  ['bookworm', '12'],
  ['trixie', '13'],
  ['forky', '14'],
  ['duke', '15'],
  ['sid', 'sid'],
]);

/** `Debian:12` of `bookworm`; null for a name that nobody gave. `bookworm-security` and the like are bookworm. */
export function debianNamespace(codename: string): string | null {
  const number = NUMBERS.get(codename.split('-', 1)[0]!);
  return number === undefined ? null : `Debian:${number}`;
}
