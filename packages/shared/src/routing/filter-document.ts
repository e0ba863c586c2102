import { headerValues, mediaType } from '../headers.ts';
import { readForm } from '../providers/body/form-body.ts';
import { readJson } from '../providers/body/json-body.ts';
import type { RoutableEvent } from './routable-event.ts';

/** An event as filters see it. */
export interface FilterDocument extends Pick<RoutableEvent, 'source' | 'tenant' | 'type' | 'provider'> {
  /** The values of the JSON or the form; undefined where the body is neither. Read when a filter first asks. */
  readonly body: unknown;
  /** A header that is there once is its text, a repeated one a list, and undefined where there is none. */
  header(lowerName: string): unknown;
}

const FORM_TYPE = 'application/x-www-form-urlencoded';

export function filterDocument(event: RoutableEvent): FilterDocument {
  let read: { readonly body: unknown } | null = null;
  return {
    source: event.source,
    tenant: event.tenant,
    type: event.type,
    provider: event.provider,
    get body() {
      read ??= { body: readBody(event) };
      return read.body;
    },
    header: lowerName => oneOrMany(headerValues(event.headers, lowerName)),
  };
}

/** What does not say that it is a form is read as JSON: few senders name the type right, and the two can not be confused. */
function readBody({ headers, body }: RoutableEvent): unknown {
  if (mediaType(headers) === FORM_TYPE) return readFields(body);
  const read = readJson(body);
  return read.kind === 'json' ? read.value : undefined;
}

function readFields(body: Uint8Array): unknown {
  const form = readForm(body);
  if (form === null) return undefined;
  // Without a prototype, so that a field may have any name.
  const fields = Object.create(null) as Record<string, unknown>;
  for (const [name, values] of form) fields[name] = oneOrMany(values);
  return fields;
}

function oneOrMany(values: readonly string[]): unknown {
  return values.length > 1 ? values : values[0];
}
