/** After so many milliseconds the signal is aborted and `late` rejects, unless it was stopped. */
export interface Timer {
  readonly signal: AbortSignal;
  readonly late: Promise<never>;
  readonly stop: () => void;
}
