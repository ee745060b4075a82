// Web-standard globals that the ports name, beyond the language and the domain's text codecs (DOM standard).

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare const AbortSignal: { any(signals: readonly AbortSignal[]): AbortSignal };
