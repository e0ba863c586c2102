import { mediaType, shapedHeader } from '../headers.ts';
import type { Answer, Configurable, Identified, Provider, ReceivedRequest } from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { type GenericOptions, genericOptions, isJsonType, signedParts } from './generic/options.ts';
import { hmacProving, tokenProving } from './generic/proving.ts';
import { createGenericSample } from './generic/sample.ts';
import { idForm, type SignedPart, signs } from './generic/signed.ts';
import { bodyHash, idKey, typeKey } from './event/identity-keys.ts';
import { idText, readJson } from './body/json-body.ts';
import { pointerSteps, valueAtPointer } from './body/json-pointer.ts';

function createGeneric(options: GenericOptions): Provider {
  const isToken = options.scheme === 'token';
  const proving = isToken ? tokenProving(options) : hmacProving(options);
  const parts = isToken ? [] : signedParts(options);
  return {
    name: 'generic',
    contentTypes: options.contentTypes,
    bearerHeaders: isToken ? [options.header.toLowerCase()] : [],
    ...(options.prefix === undefined ? {} : { bearerPrefix: options.prefix }),
    proofHeaders: proving.proofHeaders,
    signsUrl: signs(parts, 'url'),
    // Nobody knows whether what is refused comes again.
    overLimit: 'defer',
    rules: { waitsMs: 5_000, disables: false, sendsAgain: false },
    toleranceMs: proving.toleranceMs,
    configurable,
    verify: proving.verify,
    identify: createIdentify(options, parts),
    answer: () => answers[options.status],
    sample: createGenericSample(options, proving),
    checkSecret: proving.checkSecret,
  };
}

const configurable: Configurable = {
  schema: genericOptions,
  with: options => createGeneric(genericOptions.parse(options)),
};

type Read = (request: ReceivedRequest, json: unknown) => string | null;

/** Reads one text of a request. */
function createRead(place: string | undefined, form: RegExp): Read {
  if (place === undefined) return () => null;
  const steps = pointerSteps(place);
  if (steps !== null) return (_, json) => idText(valueAtPointer(json, steps));
  const name = place.toLowerCase();
  return ({ headers }) => shapedHeader(headers, name, form);
}

const HEADER_TEXT_FORM = /^[!-~]{1,256}$/;
function createIdentify(options: GenericOptions, parts: readonly SignedPart[]): Provider['identify'] {
  const readId = createRead(options.id, idForm(parts));
  const readType = createRead(options.type, HEADER_TEXT_FORM);
  const readOrderingKey = createRead(options.orderingKey, HEADER_TEXT_FORM);
  const isIdSigned =
    options.scheme === 'hmac' && (options.id?.startsWith('/') === true || signs(parts, 'id'));

  return (request): Identified => {
    const read = jsonOf(request);
    if (read.kind === 'malformed') return read;
    const id = readId(request, read.value);
    const type = readType(request, read.value);
    return {
      kind: 'event',
      identity: {
        type: typeKey(type),
        dedupKey: id === null ? null : dedupKey(id, isIdSigned ? null : request.body),
        orderingKey: idKey(readOrderingKey(request, read.value)),
        occurredAt: null,
        priority: 'normal',
      },
    };
  };
}

/** An id that is not signed could make a new event a repeat, but for the hash of its body. */
function dedupKey(id: string, unsignedBody: Uint8Array | null): string {
  if (unsignedBody === null) return safeKey(id);
  return safeKey(id, bodyHash(unsignedBody));
}

type Json = { readonly kind: 'json'; readonly value: unknown } | Extract<Identified, { kind: 'malformed' }>;

/** undefined of a body that is no JSON by its content type. A number or text alone is no event: it has no end of its own. */
function jsonOf({ headers, body }: ReceivedRequest): Json {
  if (!isJsonType(mediaType(headers) ?? '')) return { kind: 'json', value: undefined };
  const read = readJson(body);
  if (read.kind === 'malformed' || (typeof read.value === 'object' && read.value !== null)) return read;
  return { kind: 'malformed', detail: 'the JSON is neither an object nor a list' };
}

const RECEIVED = { contentType: 'application/json', body: '{"status":"received"}' };
const answers: Readonly<Record<GenericOptions['status'], Answer>> = {
  200: { status: 200, ...RECEIVED },
  201: { status: 201, ...RECEIVED },
  202: { status: 202, ...RECEIVED },
  204: { status: 204, contentType: null, body: '' },
};

/** Whoever signs by an HMAC, or sends a token, in a way that the options of the source describe. */
export const generic: Provider = createGeneric(genericOptions.parse({}));
