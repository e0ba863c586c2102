import { pathToFileURL } from 'node:url';
import { type Handler, isHandler } from '../define-handler.ts';
import { placeOf } from '../job/job-result.ts';
import type { LoadFailure, ThreadSetup } from './protocol.ts';

const MAX_WORDS = 500;

export type Loading =
  | { readonly kind: 'loaded'; readonly handler: Handler }
  | { readonly kind: 'failed'; readonly failure: LoadFailure };

/** Imports the module and finds the handler in it. Never rejects: what is wrong is said in a sentence. */
export async function loadHandler({ module, handler: wanted }: ThreadSetup): Promise<Loading> {
  let exported: unknown[];
  try {
    exported = Object.values((await import(pathToFileURL(module).href)) as object);
  } catch (error) {
    return failed(`${module} can not be loaded: ${wordsOf(error)}`);
  }
  const handlers = [...new Set(exported.filter(isHandler))];
  const names = handlers.map(({ name }) => name).join(', ');
  if (handlers.length === 0) return failed(`${module} exports nothing that defineHandler made`);
  const fitting = wanted === null ? handlers : handlers.filter(({ name }) => name === wanted);
  const [handler, second] = fitting;
  if (handler === undefined) return failed(`${module} has no handler "${wanted}"; it has ${names}`);
  if (second === undefined) return { kind: 'loaded', handler };
  return wanted === null
    ? failed(`${module} exports several handlers (${names}): set "handler" of the destination`)
    : failed(`${module} has several handlers with the name "${wanted}"`);
}

function failed(detail: string): Loading {
  return { kind: 'failed', failure: { code: 'ACKLINE_HANDLER_NOT_LOADED', detail } };
}

/** About sources, and said before there is any event: the message may be shown. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it threw what is no error';
  const at = markedPlace(error) ?? placeOf(error);
  const words = `${error.name}${at === null ? '' : ` at ${at}`}: ${error.message}`;
  return words.replace(/\s+/g, ' ').slice(0, MAX_WORDS);
}

/** Of an error of syntax: Node shows the line above its stack. */
function markedPlace({ stack }: Error): string | null {
  return /^[^\n]*[/\\]([^/\\\n]+:\d+)\n/.exec(stack ?? '')?.[1] ?? null;
}
