/** The registries whose events Plimsoll understands. GitLab is a self-managed one: the hosted one sends none. */
export const REGISTRY_KINDS = ['acr', 'distribution', 'docker-hub', 'ecr', 'ghcr', 'gitlab', 'harbor', 'quay'] as const;

export type RegistryKind = (typeof REGISTRY_KINDS)[number];
