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
import { idKey } from './event/identity-keys.ts';
import { epochMs, idText, type JsonObject, readJsonObject, valueAt } from './body/json-body.ts';
import { checkTextSecret } from './proof/signature.ts';
import { isSmallWith } from './body/small-body.ts';
import { createV0Proof } from './proof/v0-proof.ts';

const FORM_TYPE = 'application/x-www-form-urlencoded';

const PROOF_HEADER = 'X-Slack-Signature';
const TIME_HEADER = 'X-Slack-Request-Timestamp';

/** Five minutes, as in the SDK, which takes any time of the future; one from further away is a wrong clock, or was made up. */
const TOLERANCE_MS = 300_000;

/** What the SDK takes. */
const MAX_BODY_BYTES = 4_194_304;

const { verify, prove } = createV0Proof({
  signature: PROOF_HEADER.toLowerCase(),
  time: TIME_HEADER.toLowerCase(),
  toleranceMs: TOLERANCE_MS,
});

/** An event has JSON; a command, and what somebody did in a message or a view, are forms. */
function identify(request: ReceivedRequest): Identified {
  if (mediaType(request.headers) !== FORM_TYPE) return identifyJson(request.body, eventIdentity);
  const form = readForm(request.body);
  if (form === null) return { kind: 'malformed', detail: 'the form can not be decoded' };
  if (!form.has('payload')) return { kind: 'event', identity: commandIdentity(form) };
  const payload = onlyValue(form, 'payload');
  if (payload === null) return { kind: 'malformed', detail: 'the form has not one payload' };
  return identifyJson(Buffer.from(payload), interactionIdentity);
}

function identifyJson(json: Uint8Array, identityOf: (payload: JsonObject) => Identity): Identified {
  const read = readJsonObject(json);
  return read.kind === 'malformed' ? read : { kind: 'event', identity: identityOf(read.value) };
}

/** Of the Events API. Its id is in the signed body, and the same for each try. */
function eventIdentity(payload: JsonObject): Identity {
  const event = valueAt(payload, 'event');
  return {
    type: typeOf(valueAt(event, 'type')) ?? typeOf(valueAt(payload, 'type')) ?? 'unknown',
    dedupKey: idKey(valueAt(payload, 'event_id')),
    orderingKey: orderingKey(workspaceOf(payload), channelOf(event), idOf(event, 'user')),
    occurredAt: epochMs(valueAt(payload, 'event_time'), 1000),
    priority: 'normal',
  };
}

/** A click, a shortcut or a view. It is sent once; where it has no trigger, it has no id. */
function interactionIdentity(payload: JsonObject): Identity {
  const type = typeOf(valueAt(payload, 'type')) ?? 'unknown';
  const workspace = idOf(payload, 'team') ?? idOf(payload, 'enterprise');
  const channel = idOf(payload, 'channel') ?? idText(valueAt(payload, 'container', 'channel_id'));
  return personal(type, idText(valueAt(payload, 'trigger_id')), [workspace, channel, idOf(payload, 'user')]);
}

/** Named as it is typed: `/deploy`. */
function commandIdentity(form: Form): Identity {
  const text = (name: string) => idText(onlyValue(form, name));
  const workspace = text('team_id') ?? text('enterprise_id');
  const place: Place = [workspace, text('channel_id'), text('user_id')];
  return personal(typeOf(text('command')) ?? 'unknown', text('trigger_id'), place);
}

type Place = readonly [workspace: string | null, channel: string | null, user: string | null];

/** Of what one person did. A trigger is of one such thing, and has no time of its own. */
function personal(type: string, trigger: string | null, place: Place): Identity {
  return {
    type,
    dedupKey: trigger === null ? null : safeKey(type, trigger),
    orderingKey: orderingKey(...place),
    occurredAt: null,
    priority: 'normal',
  };
}

function typeOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? safeKey(value) : null;
}

/** An app of a whole organization has the workspace's id only where there is one. */
function workspaceOf(payload: JsonObject): string | null {
  return idText(valueAt(payload, 'team_id')) ?? idText(valueAt(payload, 'enterprise_id'));
}

/** Events name their channel in one of these ways; that of a new channel is the channel itself. */
function channelOf(event: unknown): string | null {
  return (
    idOf(event, 'channel') ??
    idText(valueAt(event, 'channel_id')) ??
    idText(valueAt(event, 'item', 'channel'))
  );
}

/** An id, or that of an object. */
function idOf(value: unknown, name: string): string | null {
  return idText(valueAt(value, name)) ?? idText(valueAt(value, name, 'id'));
}

/** The channel; the user of what is in none. */
function orderingKey(...[workspace, channel, user]: Place): string | null {
  const place = channel ?? user;
  if (place === null) return null;
  return workspace === null ? safeKey(place) : safeKey(workspace, place);
}

/** What a URL is asked when it is entered, as the SDK answers it; and a look at the certificate, should it be signed. */
function challenge(request: ReceivedRequest): Answer | null {
  if (request.body[0] !== OPEN_BRACE) return unsigned(request);
  if (!isSmallWith(request.body, QUESTION)) return null;
  const read = readJsonObject(request.body);
  if (read.kind === 'malformed' || valueAt(read.value, 'type') !== QUESTION) return null;
  const text = valueAt(read.value, 'challenge');
  if (typeof text !== 'string') return null;
  return { status: 200, contentType: 'application/json', body: JSON.stringify({ challenge: text }) };
}

const QUESTION = 'url_verification';
const LOOK = 'ssl_check';

/** From time to time the certificate of a command's URL is looked at, by a form without a signature. */
function unsigned({ headers, body }: ReceivedRequest): Answer | null {
  if (!isSmallWith(body, LOOK) || mediaType(headers) !== FORM_TYPE) return null;
  const form = readForm(body);
  return form !== null && onlyValue(form, LOOK) === '1' ? answer() : null;
}

/** Empty: anything else would be shown as the answer to a command, and refused as one to a view. */
function answer(): Answer {
  return { status: 200, contentType: null, body: '' };
}

/** A given body is a form unless it is an object. */
function sample(options: SampleOptions): SampleRequest {
  const { secret, now, body = sampleBody(options) } = options;
  const seconds = String(Math.floor(now / 1000));
  const isJson = body.find(byte => byte > SPACE) === OPEN_BRACE;
  return {
    headers: [
      ['Content-Type', isJson ? 'application/json' : FORM_TYPE],
      [PROOF_HEADER, prove(secret, seconds, body)],
      [TIME_HEADER, seconds],
      ['User-Agent', 'Slackbot 1.0 (sample)'],
    ],
    body,
  };
}

const SPACE = 0x20;
const OPEN_BRACE = 0x7b;
const SAMPLE_ID_CHARS = 10;
/** Several, so that order per key can be watched. */
const SAMPLE_CHANNELS = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const seconds = Math.floor(now / 1000);
  const id = hash('sha256', `${now}/${sequence}`, 'hex').slice(0, SAMPLE_ID_CHARS).toUpperCase();
  return Buffer.from(
    JSON.stringify({
      team_id: 'T0SAMPLE',
      api_app_id: 'A0SAMPLE',
      event: {
        type: 'message',
        channel: `C0SAMPLE${sequence % SAMPLE_CHANNELS}`,
        channel_type: 'channel',
        user: 'U0SAMPLE',
        text: `Sample ${sequence} 👋`,
        ts: `${seconds}.${String(sequence % 1_000_000).padStart(6, '0')}`,
      },
      type: 'event_callback',
      event_id: `Ev${id}`,
      event_time: seconds,
    }),
  );
}

/** That of an app. */
function checkSecret(secret: string): true | string {
  if (/^xox|^xapp-/.test(secret)) return 'must be the signing secret of the app, not a token';
  return checkTextSecret(secret);
}

/** Events, commands and interactions of an app, proven by an HMAC-SHA256 over time and raw body. */
export const slack: Provider = {
  name: 'slack',
  contentTypes: ['application/json', FORM_TYPE],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER, TIME_HEADER],
  signsUrl: false,
  // A command or a click does not come again.
  overLimit: 'defer',
  // Fewer than one success in twenty within an hour can end an app's events (docs.slack.dev, app_rate_limited).
  rules: { waitsMs: 3_000, disables: true, sendsAgain: true },
  toleranceMs: TOLERANCE_MS,
  maxBodyBytes: MAX_BODY_BYTES,
  verify,
  identify,
  challenge,
  unsigned,
  answer,
  sample,
  checkSecret,
};
