import { hash } from 'node:crypto';

import { mediaType } from '../headers.ts';
import type {
  Answer,
  Identified,
  Identity,
  Provider,
  ReceivedRequest,
  SampleOptions,
  SampleRequest,
} from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { type Form, onlyValue, readForm } from './body/form-body.ts';
import { readJson } from './body/json-body.ts';
import { FORM_TYPE, PROOF_HEADER, signedParameters, signTwilio, verifyTwilio } from './twilio/signature.ts';
import { withBodyHash } from './twilio/url.ts';

/** SMS and MMS/WhatsApp messages. Fields can fold into each other under one signature: only a value of this form is an id. */
const MESSAGE_SID_FORM = /^(?:SM|MM)[0-9a-f]{32}$/;

/** `delivered`, `partially_delivered`, …; a closed list would make tomorrow's status unknown. */
const STATUS_FORM = /^[A-Za-z_]{1,32}$/;

/** What `SmsStatus` or `MessageStatus` says of a message that came in. */
const INCOMING_STATUSES: ReadonlySet<string> = new Set(['received', 'receiving']);

/** Calls, Conversations, Event Streams, …: kept and delivered, but with no id or order that we could vouch for. */
const UNKNOWN: Identity = {
  type: 'unknown',
  dedupKey: null,
  orderingKey: null,
  occurredAt: null,
  priority: 'normal',
};

function identify(request: ReceivedRequest): Identified {
  if (mediaType(request.headers) !== FORM_TYPE) return identifyOther(request.body);
  const form = readForm(request.body);
  if (form === null) return { kind: 'malformed', detail: 'the form can not be decoded' };
  return { kind: 'event', identity: identifyForm(form) };
}

/** A JSON array is well-formed here: Event Streams send batches. */
function identifyOther(body: Uint8Array): Identified {
  const read = readJson(body);
  if (read.kind === 'malformed') return read;
  if (typeof read.value !== 'object' || read.value === null) {
    return { kind: 'malformed', detail: 'the JSON is not an object or array' };
  }
  return { kind: 'event', identity: UNKNOWN };
}

function identifyForm(form: Form): Identity {
  const sid = onlyValue(form, 'MessageSid');
  if (sid === null || !MESSAGE_SID_FORM.test(sid)) return UNKNOWN;
  const hasStatus = form.has('MessageStatus') || form.has('SmsStatus');
  const status = onlyValue(form, form.has('MessageStatus') ? 'MessageStatus' : 'SmsStatus');
  if (!hasStatus || (status !== null && INCOMING_STATUSES.has(status))) return incoming(form, sid);
  return status !== null && STATUS_FORM.test(status) ? statusCallback(form, sid, status) : UNKNOWN;
}

/** A conversation is the pair of addresses; `whatsapp:+…` and `+…` are different ones. */
function incoming(form: Form, sid: string): Identity {
  const from = onlyValue(form, 'From');
  const to = onlyValue(form, 'To');
  const mediaCount = onlyValue(form, 'NumMedia') ?? '';
  return {
    type: 'message.received',
    dedupKey: safeKey(sid),
    orderingKey: from && to ? safeKey(from, to) : null,
    occurredAt: null,
    // Fetching media takes a handler longest, so it goes first.
    priority: /^[1-9]\d{0,2}$/.test(mediaCount) ? 'high' : 'normal',
  };
}

/** One message has several of these, which arrive out of order: status (and error) are part of what makes one an event. */
function statusCallback(form: Form, sid: string, status: string): Identity {
  const errorCode = onlyValue(form, 'ErrorCode');
  return {
    type: safeKey(`message.${status.toLowerCase()}`),
    dedupKey: errorCode ? safeKey(sid, status, errorCode) : safeKey(sid, status),
    orderingKey: safeKey(sid),
    occurredAt: null,
    priority: 'normal',
  };
}

/** Text would be sent to the customer as a message, JSON is Twilio's error 12300; empty TwiML does nothing. */
function answer(): Answer {
  return { status: 200, contentType: 'text/xml', body: '<Response/>' };
}

/** A form, or JSON with its hash in the URL; no form of Twilio's begins as JSON does. */
function sample(options: SampleOptions): SampleRequest {
  const { secret, url, body = sampleBody(options) } = options;
  const isJson = JSON_STARTS.includes(body.find(byte => byte > SPACE));
  const signed = isJson ? withBodyHash(url, body) : url;
  const content = isJson ? '' : signedParameters(readForm(body) ?? new Map());
  return {
    headers: [
      ['Content-Type', isJson ? 'application/json' : `${FORM_TYPE}; charset=UTF-8`],
      [PROOF_HEADER, signTwilio(secret, signed, content)],
      ['User-Agent', 'TwilioProxy/1.1'],
    ],
    body,
    ...(isJson ? { query: signed.slice(signed.indexOf('?')) } : {}),
  };
}

const SPACE = 0x20;
/** `{` and `[` */
const JSON_STARTS: readonly (number | undefined)[] = [0x7b, 0x5b];

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const isWhatsApp = sequence % 2 === 1;
  const hasMedia = sequence % SAMPLE_MEDIA_EVERY === SAMPLE_MEDIA_EVERY - 1;
  const prefix = isWhatsApp ? 'whatsapp:' : '';
  const sid = (hasMedia ? 'MM' : 'SM') + hash('sha256', `${now}/${sequence}`, 'hex').slice(0, 32);
  const customer = `1555000${String(sequence % SAMPLE_CUSTOMERS).padStart(4, '0')}`;
  const body = new URLSearchParams({
    ToCountry: 'US',
    SmsMessageSid: sid,
    NumMedia: hasMedia ? '1' : '0',
    SmsSid: sid,
    SmsStatus: 'received',
    Body: `Sample ${sequence} of ${new Date(now).toISOString()}: 1+1=2 & 100% 👋`,
    To: `${prefix}+15550009999`,
    NumSegments: '1',
    MessageSid: sid,
    AccountSid: SAMPLE_ACCOUNT_SID,
    From: `${prefix}+${customer}`,
    ApiVersion: '2010-04-01',
    ...(isWhatsApp ? { ProfileName: 'Ada', WaId: customer } : {}),
    ...(hasMedia
      ? { MediaContentType0: 'image/jpeg', MediaUrl0: `${SAMPLE_MEDIA_URL}/${sid}/Media/ME0` }
      : {}),
  });
  return Buffer.from(body.toString());
}

const SAMPLE_ACCOUNT_SID = `AC${'0'.repeat(32)}`;
const SAMPLE_MEDIA_URL = `https://api.twilio.com/2010-04-01/Accounts/${SAMPLE_ACCOUNT_SID}/Messages`;
/** Several customers, so that order per key can be watched; odd, so that each writes by SMS and by WhatsApp. */
const SAMPLE_CUSTOMERS = 5;
const SAMPLE_MEDIA_EVERY = 4;

/** An auth token is 32 hex digits; a SharedKey's form is not documented, so only what can never be a key is refused. */
function checkSecret(secret: string): true | string {
  return /^[!-~]{1,256}$/.test(secret) || 'must be 1 to 256 printable ASCII characters without spaces';
}

/** Programmable Messaging: incoming messages and status callbacks, proven by the account's auth token. */
export const twilio: Provider = {
  name: 'twilio',
  contentTypes: [FORM_TYPE, 'application/json', 'application/cloudevents+json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: true,
  // What is answered with an error does not come again, whatever its status.
  overLimit: 'defer',
  rules: { waitsMs: 15_000, disables: false, sendsAgain: false },
  toleranceMs: null,
  verify: verifyTwilio,
  identify,
  answer,
  sample,
  checkSecret,
};
