import { shellQuote } from '../up/curl-command.ts';
import { localHeaders, type PulledEvent, type PulledPayload } from './local-server.ts';

/** A longer body is fetched from the console by the command. */
const MAX_SHOWN_BYTES = 64 * 1024;

export interface CurlOptions {
  /** Where the event goes. */
  readonly target: string;
  /** Of the console. */
  readonly console: string;
}

/**
 * A command for any POSIX shell that sends the event again, byte for byte. Nothing of it can move a cursor: what is not plain text is
 * written in octal.
 */
export function curlOfEvent(event: PulledEvent, payload: PulledPayload, options: CurlOptions): string {
  const flat = localHeaders(event, payload, true);
  const headers: string[] = [];
  for (let n = 0; n + 1 < flat.length; n += 2)
    headers.push(`-H ${word(Buffer.from(`${flat[n]}: ${flat[n + 1]}`, 'latin1'))}`);
  const curl = [
    `curl -i -X ${word(Buffer.from(payload.method))} ${word(Buffer.from(options.target))}`,
    ...headers,
  ];
  return withBody(curl, event, payload, options);
}

function withBody(
  curl: readonly string[],
  event: PulledEvent,
  { bodyBase64, bodyBytes }: PulledPayload,
  { console: url }: CurlOptions,
): string {
  const lines = (parts: readonly string[]) => parts.join(' \\\n  ');
  if (bodyBytes === 0) return lines(curl);
  if (bodyBytes > MAX_SHOWN_BYTES) {
    const fetched = `curl -s -H "authorization: Bearer $ACKLINE_TOKEN" ${shellQuote(`${url}/api/v1/events/${event.id}/payload?raw`)}`;
    return `${fetched} |\n${lines([...curl, '--data-binary @-'])}`;
  }
  const body = Buffer.from(bodyBase64, 'base64');
  if (isPlain(body)) return lines([...curl, `--data-binary ${shellQuote(dataOf(body))}`]);
  return `printf ${octal(body)} |\n${lines([...curl, '--data-binary @-'])}`;
}

/** curl takes a text that begins with `@` for a file's name. */
const dataOf = (body: Buffer) => body.toString('utf8');

/** Text that stands for itself on a terminal and in a shell. */
function isPlain(bytes: Buffer): boolean {
  const text = bytes.toString('utf8');
  return (
    Buffer.from(text, 'utf8').equals(bytes) &&
    !text.startsWith('@') &&
    !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(text.replaceAll('\n', ''))
  );
}

function word(bytes: Buffer): string {
  return isPlain(bytes) ? shellQuote(bytes.toString('utf8')) : `"$(printf ${octal(bytes)})"`;
}

/** Of `printf`: it takes `%` and `\` for its own. */
function octal(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    text +=
      byte >= 0x20 && byte < 0x7f && !/[%\\']/.test(char) ? char : `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `'${text}'`;
}
