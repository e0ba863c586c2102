import { z } from 'zod';

import { choiceField, listField } from '../../config/fields.ts';
import { parseSigned, type SignedPart, signs } from './signed.ts';
import { pointerSteps } from '../body/json-pointer.ts';

const HEADER_FORM = /^[A-Za-z0-9_.-]{1,100}$/;
const HEADER_RULE = 'must be the name of a header: letters, digits, "-", "_" or ".", 100 characters at most';

const headerField = z
  .string({ error: HEADER_RULE })
  .regex(HEADER_FORM, HEADER_RULE)
  .meta({ title: 'header' });

const MAX_POINTER_LENGTH = 200;
const PLACE_RULE = 'must be the name of a header, or a JSON pointer into the body such as /data/id';

/** Where a text of the request is: a pointer begins with "/", and no header does. */
const placeField = z
  .string({ error: PLACE_RULE })
  .refine(
    text =>
      text.startsWith('/')
        ? text.length <= MAX_POINTER_LENGTH && pointerSteps(text) !== null
        : HEADER_FORM.test(text),
    PLACE_RULE,
  )
  .meta({ title: 'header or JSON pointer' });

const PREFIX_RULE =
  'must be ASCII that begins with no space, 64 characters at most, such as "sha256=" or "Bearer "';

const prefixField = z
  .string({ error: PREFIX_RULE })
  .regex(/^(?! )[ -~]{0,64}$/, PREFIX_RULE)
  .meta({ title: 'text' });

const SIGNED_RULE = 'must be a text such as "{timestamp}.{body}", 200 characters at most';

const signedField = z
  .string({ error: SIGNED_RULE })
  .max(200, SIGNED_RULE)
  .superRefine((template, context) => {
    const parsed = parseSigned(template);
    if ('problem' in parsed) context.addIssue({ code: 'custom', message: parsed.problem });
  })
  .meta({ title: 'text' });

const TYPE_RULE = 'must be a content type in lower case, without parameters, such as application/json';

const contentTypeField = z
  .string({ error: TYPE_RULE })
  .regex(/^[a-z0-9.+-]{1,60}\/[a-z0-9.+-]{1,60}$/, TYPE_RULE)
  .meta({ title: 'content type' });

/** Of the scheme `hmac` alone. */
const hmacFields = {
  algorithm: choiceField('sha1', 'sha256', 'sha512')
    .optional()
    .describe('With hmac: the hash. sha1 only where the sender has no other. Default `sha256`.'),
  encoding: choiceField('hex', 'base64')
    .optional()
    .describe('With hmac: how the signature is written. hex is in lower case. Default `hex`.'),
  key: choiceField('text', 'hex', 'base64')
    .optional()
    .describe('With hmac: how the secret is the key: as it is written, or decoded. Default `text`.'),
  signed: signedField
    .optional()
    .describe(
      'With hmac: what is signed, with `{body}` (the raw body) and, where they are signed, `{timestamp}`, `{url}` (as it ' +
        'was called) and `{id}` in their places. Default `{body}`.',
    ),
  timestampHeader: headerField
    .optional()
    .describe(
      'With hmac: the header with the time, which has to be in `signed`. It must be within the `tolerance` of the source, ' +
        '5 minutes without one. Default: no time is looked at.',
    ),
  timestampUnit: choiceField('s', 'ms', 'iso')
    .optional()
    .describe(
      'Of that header: seconds or milliseconds since 1970, or ISO 8601 with its offset. Default `s`.',
    ),
};

const fields = {
  scheme: choiceField('hmac', 'token')
    .prefault('hmac')
    .describe(
      'hmac: the header has a signature of the body. token: it has the secret itself, which proves who sends and nothing of ' +
        'what: whoever has it can send any body.',
    ),
  header: headerField
    .prefault('X-Webhook-Signature')
    .describe('The header that has the signature, or the token.'),
  prefix: prefixField
    .optional()
    .describe('What stands in the header before the signature or the token: `sha256=`, `Bearer `.'),
  ...hmacFields,
  id: placeField
    .optional()
    .describe(
      "Where the sender's own id of the event is, the same for each try: what has the id of an earlier event is a repeat, and " +
        'dropped. Of a header that is not in `signed`, and with token, only where the body is the same too. Without an id each ' +
        'request is an event of its own.',
    ),
  type: placeField.prefault('/type').describe('Where the type is. An event without one is `unknown`.'),
  orderingKey: placeField
    .optional()
    .describe('Where the ordering key is: the customer, the order. Without one an event is in no order.'),
  contentTypes: listField(contentTypeField, 10, 'content types')
    .min(1, 'must name one content type at least')
    .prefault(['application/json'])
    .describe(
      'What is taken; all else is answered 415. JSON must be an object or a list, else 400. Others are not read.',
    ),
  status: z
    .literal([200, 201, 202, 204], { error: 'must be 200, 201, 202 or 204' })
    .meta({ title: '200, 201, 202 or 204' })
    .prefault(200)
    .describe('The answer to what is accepted: `{"status":"received"}`, and nothing with 204.'),
};

/** The options of a source whose provider is `generic`. */
export const genericOptions = z
  .strictObject(fields, { error: 'must be a map' })
  .superRefine((options, context) => {
    for (const { key, message } of problemsOf(options)) {
      context.addIssue({ code: 'custom', path: [key], message });
    }
  });

export type GenericOptions = z.output<typeof genericOptions>;

interface KeyProblem {
  readonly key: keyof GenericOptions;
  readonly message: string;
}

function problemsOf(options: GenericOptions): KeyProblem[] {
  const others = (['timestampHeader', 'id', 'type', 'orderingKey'] as const)
    .filter(key => options[key]?.toLowerCase() === options.header.toLowerCase())
    .map(key => ({ key, message: 'is the header with the signature or the token: name another one' }));
  return [...others, ...(options.scheme === 'token' ? tokenProblems(options) : signedProblems(options))];
}

function tokenProblems(options: GenericOptions): KeyProblem[] {
  return Object.keys(hmacFields)
    .filter((key): key is keyof typeof hmacFields => options[key as keyof typeof hmacFields] !== undefined)
    .map(key => ({ key, message: 'belongs to the scheme hmac, and this one is token' }));
}

function signedProblems(options: GenericOptions): KeyProblem[] {
  const parts = signedParts(options);
  if (parts.length === 0) return []; // it has a problem of its own
  return [...timeProblems(options, signs(parts, 'timestamp')), ...placeholderProblems(options, parts)];
}

function timeProblems(
  { timestampHeader, timestampUnit, id }: GenericOptions,
  isSigned: boolean,
): KeyProblem[] {
  if (timestampHeader === undefined) {
    const signed = { key: 'signed', message: 'has {timestamp}, so it needs timestampHeader' } as const;
    const unit = { key: 'timestampUnit', message: 'needs timestampHeader' } as const;
    return [...(isSigned ? [signed] : []), ...(timestampUnit === undefined ? [] : [unit])];
  }
  const at = (message: string): KeyProblem => ({ key: 'timestampHeader', message });
  if (!isSigned) return [at('is not in `signed`: a time that nobody signed proves nothing')];
  const isId = timestampHeader.toLowerCase() === id?.toLowerCase();
  return isId ? [at('is the header of `id` too: name another one')] : [];
}

function placeholderProblems(
  { id = '/', contentTypes }: GenericOptions,
  parts: readonly SignedPart[],
): KeyProblem[] {
  const at = (message: string): KeyProblem => ({ key: 'signed', message });
  const isUrlApart = !signs(parts, 'url') || contentTypes.every(isJsonType);
  return [
    ...(signs(parts, 'id') && id.startsWith('/') ? [at('has {id}, so that `id` must be a header')] : []),
    ...(isUrlApart ? [] : [at(URL_RULE)]),
  ];
}

const URL_RULE =
  'has {url}, so that only JSON can be taken: of other bodies nobody can tell where the URL ends';

/** The pieces of what is signed. */
export function signedParts({ signed = '{body}' }: Pick<GenericOptions, 'signed'>): readonly SignedPart[] {
  const parsed = parseSigned(signed);
  return 'parts' in parsed ? parsed.parts : [];
}

export function isJsonType(type: string): boolean {
  return type === 'application/json' || type === 'text/json' || type.endsWith('+json');
}
