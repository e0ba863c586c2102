import { readForm } from '@ackline/shared/providers/body/form-body';
import { giveUp, undecodable } from './handler-error.ts';
import type { Source } from './source.ts';

/** The fields of a form, the first value of each; all are text, and none is there for sure. */
export interface TwilioPayload {
  readonly [field: string]: string | undefined;
  readonly MessageSid?: string;
  readonly AccountSid?: string;
  /** `whatsapp:+15550001234`, or the number alone. */
  readonly From?: string;
  readonly To?: string;
  readonly Body?: string;
  readonly NumMedia?: string;
  /** A status callback has it; statuses arrive in any order. */
  readonly MessageStatus?: string;
  readonly ErrorCode?: string;
  readonly ProfileName?: string;
  readonly WaId?: string;
}

export interface TwilioMedia {
  readonly url: string;
  /** As Twilio has it. */
  readonly contentType: string;
}

/** More than a message may have. */
const MAX_MEDIA = 10;

/** Incoming messages and status callbacks of Twilio's Programmable Messaging. */
export const twilio: Source<TwilioPayload> = {
  provider: 'twilio',
  decode({ body }) {
    const form = readForm(body);
    if (form === null) throw undecodable('the body is no form');
    const fields = Object.create(null) as Record<string, string | undefined>;
    for (const [name, [value]] of form) fields[name] = value;
    if (fields['AccountSid'] === undefined) throw undecodable('the form has no AccountSid');
    return fields;
  },
  async reply({ payload: { From, To } }, text, { twilio: client }) {
    if (From === undefined || To === undefined)
      throw giveUp('a form without From and To can not be replied to');
    await client.sendMessage({ from: To, to: From, body: text });
  },
};

/** The files of an incoming message, in order. */
export function mediaOf(payload: TwilioPayload): readonly TwilioMedia[] {
  const count = Math.min(Number(payload.NumMedia ?? 0) || 0, MAX_MEDIA);
  return Array.from({ length: count }, (_, n) => ({
    url: payload[`MediaUrl${n}`] ?? '',
    contentType: payload[`MediaContentType${n}`] ?? '',
  })).filter(({ url }) => url !== '');
}
