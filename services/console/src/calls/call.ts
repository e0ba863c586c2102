import type { IncomingMessage } from 'node:http';
import type { Response } from 'express';
import type { z } from 'zod';
import type { Caller } from '../access/caller.ts';
import type { Route, Routes } from '../api/route.ts';

/** A request that was checked by its route. */
export interface Call<R extends Route = Route> {
  readonly caller: Caller;
  readonly params: z.output<R['params']>;
  readonly query: z.output<R['query']>;
  readonly body: R['body'] extends z.ZodObject ? z.output<R['body']> : null;
  readonly request: IncomingMessage;
}

/** JSON, with a Set-Cookie header where there is one; or whatever `send` writes. */
export type Answer<R extends Route = Route> =
  | { readonly json: z.input<R['answer']>; readonly cookie?: string }
  | { readonly send: (response: Response) => void | Promise<void> };

/** What these routes do: none is without. */
export type CallsOf<R extends Routes> = {
  readonly [Name in keyof R]: (call: Call<R[Name]>) => Promise<Answer<R[Name]>>;
};
