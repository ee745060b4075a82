import type { VulnerabilityException } from '../domain/vulnerabilities/exceptions.ts';
import type { Job } from './job-ports.ts';
import type { Page, Part } from './page.ts';

/* Exceptions that are kept in the store. */

/** `expired`: its last day is over. `ended`: somebody ended it before. */
export const EXCEPTION_STATES = ['in-force', 'expired', 'ended'] as const;

export type NewException = Omit<VulnerabilityException, 'name'>;

export interface StoredException extends NewException {
  /** UUID */
  readonly id: string;
  readonly state: (typeof EXCEPTION_STATES)[number];
  readonly createdAt: string;
  /** Who, as the audit log names them. */
  readonly createdBy: string;
  readonly endedAt: string | null;
  readonly endedBy: string | null;
}

export interface ExceptionFilter {
  readonly state?: StoredException['state'] | undefined;
  readonly vulnerability?: string | undefined;
  readonly owner?: string | undefined;
}

/** What was changed, and the job that judges again whatever stored report it touches. */
export interface ChangedException {
  readonly exception: StoredException;
  readonly job: Job;
}

/** Every change is one transaction with the job that follows from it. */
export interface ExceptionStore {
  /** Raises LIMIT_EXCEEDED where as many are in force as may be. */
  addException(exception: NewException, by: string): Promise<ChangedException>;
  /** Null: there is none in force of this id. */
  endException(id: string, by: string): Promise<ChangedException | null>;
  exception(id: string): Promise<StoredException | null>;
  exceptions(filter: ExceptionFilter, page: Page): Promise<Part<StoredException>>;
  /** The jobs that follow from last days that are over, each once. */
  lapse(): Promise<readonly Job[]>;
}
