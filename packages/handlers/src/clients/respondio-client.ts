import { idText, valueAt } from '@ackline/shared/providers/body/json-body';
import { giveUp } from '../handler-error.ts';
import { baseUrl, type ClientDeps, fingerprint, secretOf, textSetting } from './client-deps.ts';

export interface RespondioClient {
  /** `contact`: `id:123`, `phone:+15550001234` or `email:ada@example.com`. Five a second are sent at most, as respond.io has it. */
  sendMessage(contact: string, message: RespondioMessage): Promise<{ readonly messageId: string | null }>;
}

export interface RespondioMessage {
  /** Default: the channel that the contact used last. */
  readonly channelId?: string | number;
  readonly message: { readonly type: string; readonly [field: string]: unknown };
}

const API = 'https://api.respond.io/v2';
const PER_METHOD = { points: 5, perMs: 1_000 };
const CONTACT = /^(?:id:\d{1,20}|phone:\+\d{4,20}|email:[^\s@/]{1,100}@[^\s@/]{1,200})$/;

export function createRespondioClient(deps: ClientDeps): RespondioClient {
  const token = secretOf(deps, 'respondioToken', 'respondio');
  const api = baseUrl(textSetting(deps, ['respondio', 'apiUrl']), API);
  const limit = { key: `respondio:${fingerprint(token)}:message`, ...PER_METHOD };
  return {
    async sendMessage(contact, { channelId, message }) {
      if (!CONTACT.test(contact)) throw giveUp('a contact of respond.io is id:…, phone:+… or email:…');
      const answer = await deps.request(`${api}/contact/${encodeURIComponent(contact)}/message`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        json: { ...(channelId === undefined ? {} : { channelId }), message },
        before: signal => deps.take(limit, signal),
      });
      return { messageId: idText(valueAt(answer.json(), 'messageId')) };
    },
  };
}
