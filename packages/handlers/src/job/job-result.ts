import { errorFrames } from '@ackline/shared/error-text';
import { HandlerError } from '../handler-error.ts';
import type { HandlerResult } from '../thread/protocol.ts';

const MAX_DETAIL_CHARS = 500;
/** What can be a name, and nothing that could be text from outside. */
const NAME = /^[A-Za-z_$][\w$]{0,63}$/;
const CODE = /^[A-Za-z0-9_]{1,64}$/;

/** The one place where what a handler threw becomes a result. Of an error that is not ours nothing is kept but names and a place. */
export function resultOf(error: unknown): HandlerResult {
  if (error instanceof HandlerError) return ofHandlerError(error);
  return { kind: 'failed', error: nameOf(error), code: codeOf(error), at: placeOf(error), detail: null };
}

function ofHandlerError(error: HandlerError): HandlerResult {
  const detail = error.message.slice(0, MAX_DETAIL_CHARS);
  switch (error.kind) {
    case 'retry-later':
      return { kind: 'retry-later', afterMs: error.afterMs, detail };
    case 'given-up':
      return { kind: 'given-up', detail };
    case 'undecodable':
      return { kind: 'undecodable', detail };
    case 'failed':
      return { kind: 'failed', error: error.name, code: error.code, at: placeOf(error), detail };
    default: {
      const never: never = error.kind;
      return never;
    }
  }
}

export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'NonError';
  return NAME.test(error.name) ? error.name : 'Error';
}

export function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return (typeof code === 'string' || typeof code === 'number') && CODE.test(String(code))
    ? String(code)
    : null;
}

const FRAME = /([^/\\():]+):(\d+):(\d+)\)?$/;
const FOREIGN =
  /node:|[/\\]node_modules[/\\]|[/\\]packages[/\\](?:handlers|shared|store|runtime)[/\\]src[/\\]/;

/** The first place of the user's own code: `service-bot.ts:42:7`; null: there is none. */
export function placeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const frames = errorFrames(error)?.split('\n') ?? [];
  const own = frames.find(frame => !FOREIGN.test(frame));
  const [, file, line, column] = FRAME.exec(own ?? '') ?? [];
  return file === undefined ? null : `${file}:${line}:${column}`;
}
