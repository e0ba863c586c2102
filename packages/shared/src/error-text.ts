/** What stands in the place of a text that may hold what was given. */
const NOT_SHOWN = '(not shown: it quotes what it was given)';

/** PostgreSQL's class of data exceptions: their messages quote the value. */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;
/** The one kind of SyntaxError that is about our own sources. */
const OF_MODULES = /^(?:The requested module|Cannot use import|Unexpected strict mode)/;
/** Node's errors of arguments end with it. */
const RECEIVED = /\bReceived [\s\S]*$/;

/**
 * What an error says, for a log or a terminal. Some kinds of error quote the text that they are about, and so a payload or a
 * secret: what was parsed, what PostgreSQL could not store, what Redis was asked, what Node was given. Of these only the part
 * that is the same for everybody is kept.
 */
export function errorText(error: Error): string {
  const { name, message } = error;
  const code: unknown = 'code' in error ? error.code : undefined;
  if (error instanceof SyntaxError) return OF_MODULES.test(message) ? message : `no valid text ${NOT_SHOWN}`;
  if (error instanceof URIError || name === 'ZodError')
    return `not of the form that it must have ${NOT_SHOWN}`;
  if (name === 'ReplyError') return firstWord(message);
  if (typeof code === 'string' && DATA_EXCEPTION.test(code)) return message.replace(/"[\s\S]*"/, '"…"');
  return message.replace(RECEIVED, 'Received …');
}

/** Where an error comes from, without the text that stands above it; undefined: it has no stack. */
export function errorFrames({ stack }: Error): string | undefined {
  const frames = stack?.split('\n').filter(line => /^ {4}at /.test(line));
  return frames === undefined || frames.length === 0 ? undefined : frames.join('\n');
}

/** Redis's own name for what went wrong: "WRONGTYPE". */
function firstWord(message: string): string {
  return /^[A-Z]+/.exec(message)?.[0] ?? NOT_SHOWN;
}
