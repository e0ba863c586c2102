import twilio from 'twilio';
import { PUBLIC_URL } from '../system.ts';
import type { BotMessage } from './bot-scenario.ts';

const PATH = '/webhook/whatsapp';
export const STATUS_URL = `${PUBLIC_URL}${PATH}`;

export interface TwilioAccount {
  readonly accountSid: string;
  readonly authToken: string;
}

/** A form as Twilio sends it, signed by its own package. */
export function twilioMessage(
  id: string,
  fields: Readonly<Record<string, string>>,
  { accountSid, authToken }: TwilioAccount,
): BotMessage {
  const form = { AccountSid: accountSid, ...fields };
  return {
    id,
    path: PATH,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': twilio.getExpectedTwilioSignature(authToken, STATUS_URL, form),
    },
    body: new URLSearchParams(form).toString(),
  };
}
