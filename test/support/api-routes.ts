/** One operation of the OpenAPI document, as it can be asked without knowing anything of the store. */
export interface DocumentedRoute {
  readonly method: string;
  readonly path: string;
  /** With names of nothing in the place of parameters. */
  readonly url: string;
  /** null: nobody is asked who they are. */
  readonly role: (typeof RANKS)[number] | null;
}

/** Roles, the lowest first. */
export const RANKS = ['viewer', 'editor', 'admin'] as const;

// biome-ignore lint/suspicious/noExplicitAny: a document as it came
export function documentedRoutes(document: any): DocumentedRoute[] {
  const paths = Object.entries<Record<string, { summary: string; security?: unknown }>>(document.paths);
  return paths.flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { summary, security }]) => ({
      method: method.toUpperCase(),
      path,
      url: path.replace('{digest}', `sha256:${'0'.repeat(64)}`).replace('{id}', '00000000-0000-4000-8000-000000000000'),
      role: security === undefined ? null : RANKS.find((role) => summary.includes(`(role: ${role})`))!,
    })),
  );
}
