/** Where reviews come to. Each has one failure answer: `critical` denies, the others admit with a warning. */
export const PATHS = {
  critical: '/admission/validate/critical',
  validate: '/admission/validate',
  mutate: '/admission/mutate',
} as const;

export type AdmissionPath = keyof typeof PATHS;
