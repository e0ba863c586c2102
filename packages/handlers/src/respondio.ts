import { idText } from '@ackline/shared/providers/body/json-body';
import { giveUp } from './handler-error.ts';
import { jsonObjectPayload } from './json-payload.ts';
import type { Source } from './source.ts';

type Id = string | number;

/** What respond.io is known to send; none of it is there for sure, and there may be more. */
export interface RespondioPayload {
  readonly [field: string]: unknown;
  /** `message.received`, `message.sent`, …; the bare payload has none. */
  readonly event_type?: string;
  readonly event_id?: Id;
  readonly contact?: {
    readonly [field: string]: unknown;
    readonly id?: Id;
    readonly phone?: string | null;
    readonly email?: string | null;
    readonly firstName?: string | null;
    readonly lastName?: string | null;
  };
  readonly message?: {
    readonly [field: string]: unknown;
    readonly messageId?: Id;
    readonly channelMessageId?: Id;
    /** Milliseconds. */
    readonly timestamp?: number;
    readonly traffic?: 'incoming' | 'outgoing';
    readonly message?: { readonly [field: string]: unknown; readonly type?: string; readonly text?: string };
  };
  readonly channel?: { readonly [field: string]: unknown; readonly id?: Id; readonly name?: string };
}

/** Webhooks of respond.io. */
export const respondio: Source<RespondioPayload> = {
  provider: 'respondio',
  decode: ({ body }) => jsonObjectPayload(body) as RespondioPayload,
  async reply({ payload }, text, { respondio: client }) {
    const contact = idText(payload.contact?.id);
    if (contact === null) throw giveUp('a payload without contact.id can not be replied to');
    const channelId = payload.channel?.id;
    await client.sendMessage(`id:${contact}`, {
      ...(channelId === undefined ? {} : { channelId }),
      message: { type: 'text', text },
    });
  },
};
