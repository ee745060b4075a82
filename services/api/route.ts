import type { z } from 'zod';
import type { AuditEntry, Role } from '../pipeline/access-ports.ts';
import type { StoredSession } from '../pipeline/session-ports.ts';

/** Who asks. */
export interface Caller {
  /** As the audit log names them: `token:UUID`, `user:SUBJECT`. */
  readonly actor: string;
  readonly role: Role;
  /** null: a token. */
  readonly session: StoredSession | null;
}

/** The request as it came, for the few that need it. */
export interface RawRequest {
  /** With its `?`; empty where there is none. */
  readonly query: string;
  /** The header. */
  readonly cookie: string | undefined;
  /** For the audit log. */
  readonly origin: Pick<AuditEntry, 'address' | 'requestId'>;
}

/** What a handler gets: everything was checked by the route's own schemas. */
export interface Asked<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** null on open routes. */
  readonly caller: Caller | null;
  readonly raw: RawRequest;
}

export interface Answer {
  /** A value for JSON; a string is sent as it is, as `type`. */
  readonly body: unknown;
  /** null: application/json */
  readonly type?: string;
  /** Other than the route's own. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** What the audit log names; else the `id` of the body, or the path. */
  readonly subject?: string;
  /** Digest of the body where it is known; else it is computed. */
  readonly etag?: string;
}

/** One path of the API: what it takes, who may use it, what it answers. The OpenAPI document is made from these. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As OpenAPI writes it: `/api/v1/images/{digest}`. */
  readonly path: string;
  readonly summary: string;
  /** null: nobody is asked who they are. */
  readonly role: Role | null;
  /** Without a role, and yet no address may ask as often as it likes. */
  readonly limited?: boolean;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodObject | null;
  /** How long a body may be; else `apiBodyBytes`. */
  readonly bodyBytes?: number;
  readonly status: number;
  /** null: the answer is no JSON. */
  readonly response: z.ZodType | null;
  /** What the audit log calls it; null: it changes nothing. */
  readonly audit: string | null;
  handle(asked: Asked<Record<string, unknown>, Record<string, unknown>, Record<string, unknown>>): Promise<Answer>;
}

interface RouteOf<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodObject | null>
  extends Omit<Route, 'params' | 'query' | 'body' | 'handle'> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  handle(
    asked: Asked<z.infer<Params>, z.infer<Query>, Body extends z.ZodObject ? z.infer<Body> : null>,
  ): Promise<Answer>;
}

/** A route whose handler knows the types of its schemas. */
export function route<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodObject | null>(
  definition: RouteOf<Params, Query, Body>,
): Route {
  return definition as unknown as Route;
}
