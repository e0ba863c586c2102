import { quoted } from '../../components/curl-command.ts';

export interface CameRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bodyBytes: number;
  /** null: it is no text, or not all of it is here. */
  readonly text: string | null;
}

/** Longer ones are for a file. */
const MAX_INLINE_CHARS = 64 * 1024;
/** curl makes these itself. */
const OWN = new Set(['host', 'content-length', 'connection', 'transfer-encoding', 'expect']);
/** A terminal would obey it when it is pasted: the end of a paste, and then a line to run. */
const CONTROL = /(?![\t\n])\p{Cc}/u;

export interface EventCurl {
  readonly command: string;
  /** The body is to be downloaded first: the command reads it from there. */
  readonly file: string | null;
}

/** The request as it came, for a shell of POSIX. Secrets are not in it: they were never stored. */
export function eventCurl({ id, method, url, headers, bodyBytes, text }: CameRequest): EventCurl {
  const sent = headers.filter(([name, value]) => !OWN.has(name.toLowerCase()) && !CONTROL.test(name + value));
  const parts = [`curl --globoff -X ${quoted(method)}`, ...sent.map(header)];
  if (bodyBytes > 0 && !sent.some(([name]) => name.toLowerCase() === 'content-type'))
    parts.push("-H 'content-type:'"); // else curl says that it is a form
  const isInline = text !== null && text.length <= MAX_INLINE_CHARS && !CONTROL.test(text);
  const file = isInline || bodyBytes === 0 ? null : `${id}.bin`;
  if (file !== null) parts.push(`--data-binary ${quoted(`@${file}`)}`);
  // An `@` at its begin names a file to send; this option takes it as text.
  else if (bodyBytes > 0)
    parts.push(`${text?.startsWith('@') ? '--data-raw' : '--data-binary'} ${quoted(text ?? '')}`);
  parts.push(quoted(url));
  return { command: parts.join(' \\\n  '), file };
}

function header([name, value]: readonly [string, string]): string {
  return `-H ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`;
}
