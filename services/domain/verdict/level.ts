/** How bad a violation is, worst first. */
export const LEVELS = ['error', 'warning', 'note'] as const;
