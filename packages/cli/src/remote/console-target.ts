import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { isLoopback } from '@ackline/runtime/loopback';
import { AppError } from '@ackline/shared/app-error';
import type { CommandContext } from '../command-context.ts';
import { dataLayout } from '../data-directory/layout.ts';
import { readRunning } from '../data-directory/lock.ts';
import type { ConsoleOptions } from './console-options.ts';

/** Which console, and as whom. */
export interface ConsoleTarget {
  /** Without a slash at its end. */
  readonly url: string;
  /** null: none is needed on loopback in development. */
  readonly token: string | null;
}

/** What an `Authorization: Bearer` may hold. */
const TOKEN = /^[\w-]{20,200}$/;

export async function findConsole(context: CommandContext, options: ConsoleOptions): Promise<ConsoleTarget> {
  const url = options.url ?? (await localConsole(context));
  const token = await readToken(context, options.tokenFile);
  if (token !== null && url.startsWith('http:') && !isLoopback(hostOf(url)))
    context.terminal.note(`warning: the token goes to ${url} in clear: use https`);
  return { url, token };
}

/** IPv6 without its brackets. */
const hostOf = (url: string) => new URL(url).hostname.replaceAll(/[[\]]/g, '');

/** Of the `ackline up` that runs here, else where one is by default. */
async function localConsole(context: CommandContext): Promise<string> {
  const { dataDir, consolePort } = context.config();
  const running = await readRunning(dataLayout(dataDir));
  return running?.consoleUrl ?? `http://127.0.0.1:${consolePort.port}`;
}

async function readToken(context: CommandContext, file: string | undefined): Promise<string | null> {
  const text = file === undefined ? context.config().consoleToken : await readTokenFile(context, file);
  if (text === null) return null;
  if (TOKEN.test(text)) return text;
  throw new AppError(
    'ACKLINE_USAGE',
    `${file ?? 'ACKLINE_TOKEN'} holds no token: it must be what \`ackline tokens create\` has shown`,
  );
}

async function readTokenFile({ workingDirectory }: CommandContext, file: string): Promise<string> {
  const path = isAbsolute(file) ? file : join(workingDirectory, file);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new AppError('ACKLINE_USAGE', `${path} can not be read (${code})`, { cause: error });
  }
}
