import type { Rewriting, Suspect, Variant } from './diagnosis.ts';
import { jsonForms } from './json-layouts.ts';

/** Over it a body is not written anew: each is a copy of it, in a step in which nothing else goes on. */
export const MAX_REWRITTEN_BYTES = 32_768;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Of the bytes as they are: a byte is a character. */
const replaced = (body: Buffer, from: RegExp, to: string) =>
  Buffer.from(body.toString('latin1').replace(from, to), 'latin1');

const REWRITINGS: readonly Rewriting<Buffer>[] = [
  {
    words: 'without the byte order mark before it',
    of: body => (body.indexOf(BOM) === 0 ? body.subarray(BOM.length) : null),
  },
  { words: 'without the white space at its end', of: trimmedEnd },
  { words: 'with a line end (\\n) behind it', of: body => Buffer.concat([body, Buffer.from('\n')]) },
  { words: 'with a line end (\\r\\n) behind it', of: body => Buffer.concat([body, Buffer.from('\r\n')]) },
  { words: 'with \\n in place of \\r\\n', of: body => replaced(body, /\r\n/g, '\n') },
  { words: 'with \\r\\n in place of \\n', of: body => replaced(body, /\r?\n/g, '\r\n') },
  { words: 'with a byte order mark before it', of: body => Buffer.concat([BOM, body]) },
  { words: 'as it was before it was taken for Latin-1 and written as UTF-8', of: undoubled },
  { words: 'as UTF-8 in place of Latin-1', of: body => Buffer.from(body.toString('latin1')) },
  { words: 'with %20 in place of +', of: body => (isForm(body) ? replaced(body, /\+/g, '%20') : null) },
  { words: 'with + in place of %20', of: body => (isForm(body) ? replaced(body, /%20/g, '+') : null) },
];

const JSON_START = /^\s*[{[]/;
/** The white space that a JSON body may begin with. */
const START_BYTES = 64;
const isForm = (body: Buffer) => !JSON_START.test(body.toString('latin1', 0, START_BYTES));

/** The body as it may have been before something on the way wrote it anew. Lazily: each is a copy of it. */
export function* bodyVariants({ request }: Suspect): Generator<Variant> {
  if (request.body.byteLength > MAX_REWRITTEN_BYTES) return;
  const body = Buffer.from(request.body);
  const variantOf = (words: string, other: Uint8Array): Variant => ({
    kind: 'body',
    request: { ...request, body: other },
    diagnose: () => ({
      code: 'body-rewritten',
      what: `valid for the body ${words}: something on the way wrote it anew`,
      fix: 'have what is before Ackline (a proxy, a firewall, a function that parses bodies) pass the bytes on as they come.',
    }),
  });
  for (const { words, of } of REWRITINGS) {
    const other = of(body);
    if (other !== null && !other.equals(body)) yield variantOf(words, other);
  }
  const text = isForm(body) ? null : textOf(body);
  if (text === null) return;
  for (const form of jsonForms(text)) yield variantOf(form.words, Buffer.from(form.text));
}

function textOf(body: Buffer): string | null {
  try {
    return UTF8.decode(body);
  } catch {
    return null;
  }
}

/** By hand: a regular expression would look at each run of white space once more for each of its bytes. */
function trimmedEnd(body: Buffer): Buffer {
  let end = body.length;
  while (end > 0 && WHITE_BYTES.has(body[end - 1] ?? 0)) end -= 1;
  return body.subarray(0, end);
}

const WHITE_BYTES: ReadonlySet<number> = new Set(Buffer.from(' \t\r\n'));

/** null: some characters are no bytes. */
function undoubled(body: Buffer): Buffer | null {
  const text = textOf(body);
  return text === null || /[^\0-\u00ff]/.test(text) ? null : Buffer.from(text, 'latin1');
}
