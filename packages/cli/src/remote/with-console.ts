import type { ConsoleClient } from '@ackline/console-client/client';
import { AppError } from '@ackline/shared/app-error';
import type { Pool } from 'pg';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { connectConsole, whyAway } from './console-connection.ts';
import { refusal } from './console-error.ts';
import type { ConsoleOptions } from './console-options.ts';
import { findConsole } from './console-target.ts';

/** What `--url` says instead of a console. */
export const THE_DATABASE = 'none, the database itself is asked';

/** Whether a console is to be asked, and not the database. Throws ACKLINE_USAGE for a token that would go nowhere. */
export function isRemote({ url, tokenFile }: ConsoleOptions): boolean {
  if (url === undefined && tokenFile !== undefined)
    throw new AppError('ACKLINE_USAGE', '--token-file is for a console: give --url too');
  return url !== undefined;
}

/** The two ways to the same answer. */
export interface TwoWays<T> {
  readonly database: (pool: Pool) => Promise<T>;
  readonly console: (client: ConsoleClient) => Promise<T>;
  /** Of a statement of the database; default: that of its pool. */
  readonly limitMs?: number;
}

/** Asks the console of `--url`, and the database where there is none. */
export async function ask<T>(
  context: CommandContext,
  options: ConsoleOptions,
  { database, console, ...limit }: TwoWays<T>,
): Promise<T> {
  if (!isRemote(options)) return withDatabase(context.config(), database, limit);
  return withConsole(context, options, console);
}

export async function withConsole<T>(
  context: CommandContext,
  options: ConsoleOptions,
  work: (client: ConsoleClient) => Promise<T>,
): Promise<T> {
  await using connection = connectConsole(await findConsole(context, options));
  return await work(connection.client);
}

interface Called<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** What a call answers. Rejects with the error of the console, or ACKLINE_CONSOLE_UNAVAILABLE. */
export async function answerOf<T>(call: Promise<Called<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await call.catch((cause: unknown) => {
    if (cause instanceof AppError) throw cause;
    throw new AppError('ACKLINE_CONSOLE_UNAVAILABLE', `The console does not answer (${whyAway(cause)})`, {
      cause,
    });
  });
  if (data === undefined || data === null) throw refusal(error, response.status);
  return data;
}

/** Of one page of the API. */
const MAX_PAGE = 200;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** The first `limit` items of a list, page by page. */
export async function firstOf<Item>(
  limit: number,
  readPage: (query: { limit: number; cursor?: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const found: Item[] = [];
  let cursor: string | null = null;
  do {
    const asked = { limit: Math.min(MAX_PAGE, limit - found.length), ...(cursor === null ? {} : { cursor }) };
    const page: Page<Item> = await readPage(asked);
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && found.length < limit);
  return found;
}
