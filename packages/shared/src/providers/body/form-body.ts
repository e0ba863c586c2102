import { decodeUtf8 } from './json-body.ts';

/** A byte order mark stays, as a part of the first name: dropped, it would make one form of two. */
const WITH_MARK = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As Node's querystring and Express have it. Twilio's largest message (10 media) has under 60. */
const FORM_MAX_PARAMETERS = 1000;

/** Values per name, in order of arrival; a Map, so that no name is special. */
export type Form = ReadonlyMap<string, readonly string[]>;

/**
 * An `application/x-www-form-urlencoded` body, decoded strictly: null where an escape is broken, where bytes are not UTF-8, or
 * where there are more than 1,000 parameters. Lenient decoding would make different bodies equal under one signature.
 */
export function readForm(body: Uint8Array): Form | null {
  const text = decodeUtf8(body, WITH_MARK);
  if (text === null) return null;
  const form = new Map<string, string[]>();
  const segments = text.split('&', FORM_MAX_PARAMETERS + 1);
  if (segments.length > FORM_MAX_PARAMETERS) return null;
  for (const segment of segments) {
    if (segment === '') continue;
    const equals = segment.indexOf('=');
    const name = decodeComponent(equals === -1 ? segment : segment.slice(0, equals));
    const value = decodeComponent(equals === -1 ? '' : segment.slice(equals + 1));
    if (name === null || value === null) return null;
    const values = form.get(name);
    if (values) values.push(value);
    else form.set(name, [value]);
  }
  return form;
}

/** The value of a parameter that has exactly one (the same one repeated counts as one); null otherwise. */
export function onlyValue(form: Form, name: string): string | null {
  const values = new Set(form.get(name));
  const [value] = values;
  return values.size === 1 && value !== undefined ? value : null;
}

function decodeComponent(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
