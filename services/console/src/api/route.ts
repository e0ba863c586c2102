import type { TokenScope } from '@ackline/store/console-tokens';
import type { z } from 'zod';

export { TOKEN_SCOPES as SCOPES } from '@ackline/store/console-tokens';
export type Scope = TokenScope;

/** What is sent besides JSON. */
export type Media = 'application/octet-stream' | 'text/event-stream';

/**
 * One call of the API, declared once: requests are checked by it, the OpenAPI document is written from it, and so is the matrix of
 * who may call what. It does nothing itself: what it does is in `calls/`.
 */
export interface Route {
  readonly method: 'get' | 'post';
  /** Below {@link API_BASE}, as OpenAPI writes it: `/events/{id}`. */
  readonly path: `/${string}`;
  readonly summary: string;
  /** What a caller needs for it; null: whoever is known may. */
  readonly scope: Scope | null;
  /** And a second one. */
  readonly alsoScope?: Scope;
  /** Also for who is not known: what it takes to become known. */
  readonly isAnonymous?: true;
  /** own: a token of a tenant gets what is of that tenant alone. all: it is about all tenants, so a token of one is refused. */
  readonly tenants: 'own' | 'all';
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** null: it takes none. */
  readonly body: z.ZodObject | null;
  /** Of the body; where it is left out, what fits a filter or a reason. */
  readonly maxBodyBytes?: number;
  /** The status where it went well. */
  readonly status: 200 | 202;
  /** One of the named schemas of `schemas/`. A stream has one of these in each event. */
  readonly answer: z.ZodObject;
  /** Where the answer may have another form than JSON. */
  readonly media: readonly Media[];
}

export type Routes = Readonly<Record<string, Route>>;

export const API_BASE = '/api/v1';
