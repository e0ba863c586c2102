import { createRequire } from 'node:module';
import type jsonata from 'jsonata';
import { isObject } from '../providers/body/json-body.ts';
import type { FilterDocument } from './filter-document.ts';
import { MAX_TRANSFORMED_BYTES } from './transform-limits.ts';

const MAX_SHOWN_TOKEN_LENGTH = 40;
const MAX_SHOWN_REASON_LENGTH = 120;

export type TransformExpression = jsonata.Expression;

const require = createRequire(import.meta.url);

/** Loaded with the first transform: most files have none. */
function loadEngine(): typeof jsonata {
  return require('jsonata') as typeof jsonata;
}

/** Ready to be evaluated; throws what JSONata throws where the text is no expression. */
export function compileTransform(text: string): TransformExpression {
  return loadEngine()(text);
}

/** What is wrong with the text of an expression, with its place in it; null: nothing. Never throws. */
export function transformProblem(text: string): string | null {
  try {
    compileTransform(text);
    return null;
  } catch (error) {
    const place = isJsonataError(error) ? `${error.code}${placeOf(error, text)}: ` : '';
    return `is no expression of JSONata: ${place}${reasonOf(error)}`;
  }
}

/** Of the text alone: no event is at hand yet. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply';
  const message = isObject(error) || error instanceof Error ? error['message' as keyof typeof error] : '';
  return String(message).replaceAll(/\s+/g, ' ').slice(0, MAX_SHOWN_REASON_LENGTH);
}

/**
 * Where and why an expression failed at an event, such as `T2001 at line 1, column 9, near "+"`. The engine's own words may quote
 * the event, so nothing of them is in it.
 */
export function describeFailure(error: unknown, text: string): string {
  if (!isJsonataError(error)) return error instanceof Error ? error.name : 'error';
  const { token } = error;
  // What stands in the expression is the operator's own; an event's is not shown.
  const isKnown = typeof token === 'string' && token !== '' && text.includes(token);
  const near = isKnown ? `, near ${JSON.stringify(token.slice(0, MAX_SHOWN_TOKEN_LENGTH))}` : '';
  return `${error.code}${placeOf(error, text)}${near}`;
}

export type Transformed =
  | { readonly kind: 'done'; readonly body: Uint8Array }
  | { readonly kind: 'empty' }
  | { readonly kind: 'too-large' };

/** What the expression makes of an event, as JSON. Takes as long, and as much memory, as the expression likes; throws its errors. */
export async function evaluateTransform(
  expression: TransformExpression,
  { body, headers, ...event }: TransformInput,
): Promise<Transformed> {
  const value: unknown = await expression.evaluate({ body, headers, ...event });
  const text = value === undefined ? undefined : JSON.stringify(value, toJson);
  if (text === undefined) return { kind: 'empty' };
  if (text.length > MAX_TRANSFORMED_BYTES) return { kind: 'too-large' };
  const bytes = Buffer.from(text);
  return bytes.length > MAX_TRANSFORMED_BYTES ? { kind: 'too-large' } : { kind: 'done', body: bytes };
}

/** An event as expressions see it: as filters do, with all headers by their lower-case names. */
export interface TransformInput extends Omit<FilterDocument, 'header'> {
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Functions are no values of JSON, and those of JSONata are maps that refer to themselves. Long integers keep all their digits. */
function toJson(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return rawNumber(value);
  return isObject(value) && ('_jsonata_lambda' in value || '_jsonata_function' in value) ? undefined : value;
}

/** A number of JSON with exactly these digits. */
export function rawNumber(value: bigint): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
}

interface JsonataError {
  readonly code: string;
  readonly message?: unknown;
  readonly position?: unknown;
  readonly token?: unknown;
}

/** JSONata throws maps that are no errors; its codes are a letter and four digits. */
function isJsonataError(error: unknown): error is JsonataError {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^[A-Z]\d{4}$/.test(code);
}

/** Where it was noticed: JSONata counts the characters that it has read by then. */
function placeOf({ position }: JsonataError, text: string): string {
  if (typeof position !== 'number') return '';
  const lines = text.slice(0, Math.max(0, position)).split('\n');
  return ` at line ${lines.length}, column ${Math.max(1, lines.at(-1)?.length ?? 1)}`;
}
