import { z } from 'zod';
import { whyReserved } from '../reserved-headers.ts';
import { secretField } from './fields.ts';

// Which of them a type of destination takes, destination-checks.ts asks.

const MAX_HEADERS = 20;
const MAX_VALUE_BYTES = 4_096;
const MAX_NAME_LENGTH = 100;
/** A token of RFC 9110. */
const HTTP_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
/** With spaces between, as in "Bearer …". */
const HTTP_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const VALUE_RULE = `1 to ${MAX_VALUE_BYTES} visible ASCII characters, with spaces between them alone`;
const SECRET_RULE = '{ env: NAME } or { file: /absolute/path }';

const RECORD_HEADERS_RULE =
  'must be a map of up to 20 headers: names of letters, digits, ".", "_" or "-" that begin with neither ackline- nor webhook-, and texts of up to 1000 characters';
const RECORD_HEADER_NAME = /^(?!ackline-|webhook-)[A-Za-z0-9._-]{1,100}$/i;

export const headersField = z
  .record(
    z.string(),
    z.union([z.string(), secretField], { error: `must be a text, or with http ${SECRET_RULE}` }),
    { error: 'must be a map of headers, by their names' },
  )
  .meta({ title: 'map of texts, with http also of secrets' });

export type GivenHeaders = z.infer<typeof headersField>;

/** What is wrong with a header: its name, where it is not the whole map that is. */
export interface HeaderProblem {
  readonly name: string | null;
  readonly message: string;
}

/** What is wrong with the headers of records of Kafka; null: nothing. */
export function recordHeadersProblem(headers: GivenHeaders): string | null {
  const entries = Object.entries(headers);
  const areTexts = entries.every(
    ([name, text]) => RECORD_HEADER_NAME.test(name) && typeof text === 'string' && text.length <= 1_000,
  );
  return areTexts && entries.length <= MAX_HEADERS ? null : RECORD_HEADERS_RULE;
}

/** What is wrong with the headers of HTTP requests. A name that is none is not told, since a secret may have been put there. */
export function httpHeaderProblems(headers: GivenHeaders): HeaderProblem[] {
  const entries = Object.entries(headers);
  const problems: HeaderProblem[] = [];
  if (entries.length > MAX_HEADERS)
    problems.push({ name: null, message: `must be ${MAX_HEADERS} headers at most` });
  const first = new Map<string, string>();
  for (const [name, value] of entries) {
    const message = nameProblem(name, first) ?? valueProblem(value);
    if (message !== null) problems.push({ name: isName(name) ? name : null, message });
  }
  return problems;
}

function nameProblem(name: string, first: Map<string, string>): string | null {
  if (!isName(name))
    return `must have names of letters, digits and !#$%&'*+-.^_\`|~, ${MAX_NAME_LENGTH} characters at most`;
  const earlier = first.get(name.toLowerCase());
  if (earlier !== undefined) return `is the header ${earlier} too: names are the same in any case`;
  first.set(name.toLowerCase(), name);
  const reason = whyReserved(name);
  return reason === null ? null : `${reason}: take it out`;
}

function isName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && HTTP_NAME.test(name);
}

function valueProblem(value: GivenHeaders[string]): string | null {
  if (typeof value !== 'string' || checkHeaderValue(value) === true) return null;
  return `must be ${VALUE_RULE}, or ${SECRET_RULE}`;
}

/** The form of a header's value; says what is wrong, and nothing of it. */
export function checkHeaderValue(value: string): true | string {
  return (value.length <= MAX_VALUE_BYTES && HTTP_VALUE.test(value)) || `it must be ${VALUE_RULE}`;
}
