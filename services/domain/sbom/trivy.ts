/** What Trivy calls its entries that stand for all installed packages of a language; others name the file that lists them. */
const GROUPS: ReadonlySet<string> = new Set(['Conda', 'Java', 'Node.js', 'Python', 'Ruby']);

export function isTrivyGroup({ name }: { readonly name: string }): boolean {
  return GROUPS.has(name);
}
