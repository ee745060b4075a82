import type { ErrorCode } from '../../domain/errors.ts';
import type { RefreshedAdvisories } from '../../pipeline/advisory-ports.ts';

/** What the process that updates the database says, once; it is told the terms once, as a RefreshTerms. */
export type UpdateMessage =
  | { readonly kind: 'updated'; readonly refreshed: RefreshedAdvisories }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
