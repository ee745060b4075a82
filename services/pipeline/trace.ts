export type TraceAttributes = Readonly<Record<string, string | number | boolean>>;

/** Where time goes, as spans: each within the one in which it was begun, also across what is awaited. */
export interface Trace {
  /** Does the work within a span of its own. */
  span<Result>(name: string, attributes: TraceAttributes, work: () => Promise<Result>): Promise<Result>;
  /** What has just ended within a span, and took so long. Outside of all spans nothing is kept. */
  ended(name: string, attributes: TraceAttributes, milliseconds: number): void;
  /** The span of a request that comes in, with these headers (W3C Trace Context). */
  request(headers: Readonly<Record<string, unknown>>): RequestSpan;
}

export interface RequestSpan {
  /** Does a part of what the request asks for. */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
  end(name: string, attributes: TraceAttributes, failed: boolean): void;
}

/** Does what it is given, and keeps nothing. */
export const UNTRACED: Trace = {
  span: (_name, _attributes, work) => work(),
  ended: () => {},
  request: () => ({ run: (work) => work(), end: () => {} }),
};
