import { isObject, valueAt } from '@ackline/shared/providers/body/json-body';
import type { Update } from '@grammyjs/types';
import { giveUp, undecodable } from './handler-error.ts';
import { jsonObjectPayload } from './json-payload.ts';
import type { Source } from './source.ts';

export type * from '@grammyjs/types';

/** Updates of a Telegram bot. */
export const telegram: Source<Update> = {
  provider: 'telegram',
  decode({ body }) {
    const update = jsonObjectPayload(body);
    if (typeof update['update_id'] !== 'number') throw undecodable('the body is no update of Telegram');
    return update as unknown as Update;
  },
  async reply({ payload }, text, { telegram: client }) {
    const place = placeOf(payload);
    if (place === null) throw giveUp('an update without a chat can not be replied to');
    await client.sendMessage({ ...place, text });
  },
};

interface Place {
  readonly chat_id: number;
  readonly message_thread_id?: number;
  readonly business_connection_id?: string;
}

/**
 * The chat of an update, and the topic and the business account in which it was written; null: it has no chat. By place and not by
 * kind, so that a kind that Telegram adds tomorrow has one too.
 */
function placeOf(update: Update): Place | null {
  const content = Object.entries(update).find(([key, value]) => key !== 'update_id' && isObject(value))?.[1];
  const message: unknown = valueAt(content, 'message') ?? content; // a callback query has the message of its button
  const chat = valueAt(message, 'chat', 'id');
  if (typeof chat !== 'number') return null;
  const thread = valueAt(message, 'message_thread_id');
  const business = valueAt(message, 'business_connection_id');
  return {
    chat_id: chat,
    // In other chats than those with topics the number is that of a thread of replies, which no message can be sent to.
    ...(typeof thread === 'number' && valueAt(message, 'is_topic_message') === true
      ? { message_thread_id: thread }
      : {}),
    ...(typeof business === 'string' ? { business_connection_id: business } : {}),
  };
}
