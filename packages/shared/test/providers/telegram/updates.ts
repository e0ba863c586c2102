import type { Chat, ChatMember, Message, Update, User } from '@grammyjs/types';

type UpdateKind = Exclude<keyof Update, 'update_id'>;

/** What an update holds, and what has to be read from it. */
interface Example<Content> {
  readonly content: Content;
  readonly orderingKey: string | null;
  readonly occurredAt: number | null;
}

const DATE = 1_764_000_000;
const DATE_MS = 1_764_000_000_000;
const EDIT_DATE = 1_764_000_060;
const EDIT_DATE_MS = 1_764_000_060_000;

const from: User = { id: 42, is_bot: false, first_name: 'Ada' };
const bot: User = { id: 5, is_bot: true, first_name: 'Bot' };
const chat: Chat.SupergroupChat = { id: -1001, type: 'supergroup', title: 'Group' };
const channel: Chat.ChannelChat = { id: -1002, type: 'channel', title: 'Channel' };
const privateChat: Chat.PrivateChat = { id: 42, type: 'private', first_name: 'Ada' };

const sent = { message_id: 1, date: DATE, text: 'hello' };
const message: Message & Update.NonChannel = { ...sent, chat, from };
const edited = { edit_date: EDIT_DATE } as const;
const member: ChatMember = { status: 'member', user: from };
const changed = {
  from,
  date: DATE,
  old_chat_member: { status: 'left', user: from },
  new_chat_member: member,
} as const;
const source = { source: 'premium', user: from } as const;
const query = { id: '1', from };

/** Of every kind that the types of the Bot API know; one that they do not, or that is left out, does not compile. */
export const updates: {
  readonly [Kind in UpdateKind]: readonly Example<NonNullable<Update[Kind]>>[];
} = {
  message: [{ content: message, orderingKey: '-1001', occurredAt: DATE_MS }],
  edited_message: [{ content: { ...message, ...edited }, orderingKey: '-1001', occurredAt: EDIT_DATE_MS }],
  channel_post: [{ content: { ...sent, chat: channel }, orderingKey: '-1002', occurredAt: DATE_MS }],
  edited_channel_post: [
    { content: { ...sent, chat: channel, ...edited }, orderingKey: '-1002', occurredAt: EDIT_DATE_MS },
  ],
  business_connection: [
    {
      content: { id: 'bc', user: from, user_chat_id: 77, date: DATE, is_enabled: true },
      orderingKey: '77',
      occurredAt: DATE_MS,
    },
  ],
  business_message: [
    { content: { ...sent, chat: privateChat, from }, orderingKey: '42', occurredAt: DATE_MS },
  ],
  edited_business_message: [
    { content: { ...sent, chat: privateChat, from, ...edited }, orderingKey: '42', occurredAt: EDIT_DATE_MS },
  ],
  deleted_business_messages: [
    {
      content: { business_connection_id: 'bc', chat: privateChat, message_ids: [1] },
      orderingKey: '42',
      occurredAt: null,
    },
  ],
  guest_message: [{ content: message, orderingKey: '-1001', occurredAt: DATE_MS }],
  stopped_message_generation: [
    { content: { chat: privateChat, draft_id: 1 }, orderingKey: '42', occurredAt: null },
  ],
  message_reaction: [
    {
      content: {
        chat,
        message_id: 1,
        user: from,
        date: DATE,
        old_reaction: [],
        new_reaction: [{ type: 'emoji', emoji: '👍' }],
      },
      orderingKey: '-1001',
      occurredAt: DATE_MS,
    },
  ],
  message_reaction_count: [
    {
      content: { chat, message_id: 1, date: DATE, reactions: [] },
      orderingKey: '-1001',
      occurredAt: DATE_MS,
    },
  ],
  inline_query: [{ content: { ...query, query: 'q', offset: '' }, orderingKey: '42', occurredAt: null }],
  chosen_inline_result: [
    { content: { result_id: '1', from, query: 'q' }, orderingKey: '42', occurredAt: null },
  ],
  callback_query: [
    { content: { ...query, message, chat_instance: '9' }, orderingKey: '-1001', occurredAt: null },
    {
      content: { ...query, inline_message_id: 'x', chat_instance: '9' },
      orderingKey: '42',
      occurredAt: null,
    },
  ],
  shipping_query: [
    {
      content: {
        ...query,
        invoice_payload: 'p',
        shipping_address: {
          country_code: 'DE',
          state: '',
          city: 'Berlin',
          street_line1: 'Street 1',
          street_line2: '',
          post_code: '10115',
        },
      },
      orderingKey: '42',
      occurredAt: null,
    },
  ],
  pre_checkout_query: [
    {
      content: { ...query, currency: 'EUR', total_amount: 100, invoice_payload: 'p' },
      orderingKey: '42',
      occurredAt: null,
    },
  ],
  purchased_paid_media: [{ content: { from, paid_media_payload: 'p' }, orderingKey: '42', occurredAt: null }],
  poll: [
    {
      content: {
        id: '5363046463485345943',
        question: 'q',
        options: [{ persistent_id: '0', text: 'yes', voter_count: 1 }],
        total_voter_count: 1,
        is_closed: false,
        is_anonymous: true,
        type: 'regular',
        allows_multiple_answers: false,
        allows_revoting: true,
        members_only: false,
      },
      orderingKey: null,
      occurredAt: null,
    },
  ],
  poll_answer: [
    {
      content: { poll_id: '5', user: from, option_ids: [0], option_persistent_ids: ['0'] },
      orderingKey: '42',
      occurredAt: null,
    },
    {
      content: {
        poll_id: '5',
        voter_chat: channel,
        user: from,
        option_ids: [0],
        option_persistent_ids: ['0'],
      },
      orderingKey: '-1002',
      occurredAt: null,
    },
  ],
  my_chat_member: [{ content: { chat, ...changed }, orderingKey: '-1001', occurredAt: DATE_MS }],
  chat_member: [{ content: { chat, ...changed }, orderingKey: '-1001', occurredAt: DATE_MS }],
  chat_join_request: [
    { content: { chat, from, user_chat_id: 42, date: DATE }, orderingKey: '-1001', occurredAt: DATE_MS },
  ],
  chat_boost: [
    {
      content: { chat, boost: { boost_id: 'b', add_date: DATE, expiration_date: DATE + 1, source } },
      orderingKey: '-1001',
      occurredAt: DATE_MS,
    },
  ],
  removed_chat_boost: [
    {
      content: { chat, boost_id: 'b', remove_date: DATE, source },
      orderingKey: '-1001',
      occurredAt: DATE_MS,
    },
  ],
  managed_bot: [{ content: { user: from, bot }, orderingKey: '42', occurredAt: null }],
  subscription: [
    { content: { user: from, invoice_payload: 'p', state: 'active' }, orderingKey: '42', occurredAt: null },
  ],
};

/** What the fixtures of these names say; the others are none that Telegram sends. */
export const fixtures: ReadonlyMap<string, Update> = new Map([
  [
    'newline-form',
    {
      update_id: 123456789,
      message: {
        message_id: 42,
        from: { id: 5000000001, is_bot: false, first_name: 'Ada' },
        chat: { id: 5000000001, first_name: 'Ada', type: 'private' },
        date: DATE,
        text: 'café 👋',
      },
    },
  ],
  ['ids-over-2-53', overflowing(123456790)],
  ['ids-over-2-53-neighbour', overflowing(123456791)],
]);

function overflowing(updateId: number): Update {
  return {
    update_id: updateId,
    message: {
      message_id: 1,
      from,
      // What a double makes of the ids of both.
      chat: { id: -(2 ** 53), type: 'supergroup', title: 'Group' },
      date: DATE,
      text: '1234567890123456 not an id',
    },
  };
}
