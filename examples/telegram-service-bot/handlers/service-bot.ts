import { defineHandler } from '@ackline/handlers/define-handler';
import type { HandlerContext } from '@ackline/handlers/handler-context';
import { giveUp, retryLater } from '@ackline/handlers/handler-error';
import { OutboundError } from '@ackline/handlers/http/outbound-error';
import { telegram, type Update } from '@ackline/handlers/telegram';
import { nextStep, type Step } from './conversation.ts';
import { createServiceApi } from './service-api.ts';

/** So often the API is asked before the bot says that it is away. */
const API_TRIES = 3;
const SORRY = 'Sorry, this does not work just now. Please try again in a few minutes: /start';

export const serviceBot = defineHandler({
  name: 'service-bot',
  source: telegram,
  async handle(event, ctx) {
    const { callback_query: press } = event.payload;
    const chat = chatOf(event.payload);
    if (chat === null) return; // delivered: there is nobody to answer
    if (press !== undefined) await stopSpinner(press.id, ctx);
    const step = await nextStep(press?.data ?? '', createServiceApi(event.id, ctx)).catch(
      async (error: unknown) => {
        if (!(error instanceof OutboundError)) throw error;
        if (event.attempt < API_TRIES)
          throw retryLater({ afterMs: 2_000, reason: 'the service API is away' });
        await ctx.once(`reply:${event.id}`, () => send(chat, { text: SORRY, buttons: [] }, ctx));
        throw giveUp(`the service API was away ${API_TRIES} times`);
      },
    );
    await ctx.once(`reply:${event.id}`, () => send(chat, step, ctx)); // another try does not send it twice
  },
});

function chatOf({ message, callback_query: press }: Update): number | null {
  return (message ?? press?.message)?.chat.id ?? null;
}

/** Telegram takes it for some seconds only, and nothing depends on it. */
async function stopSpinner(pressId: string, { clients, log }: HandlerContext): Promise<void> {
  await clients.telegram
    .answerCallbackQuery({ callback_query_id: pressId })
    .catch(() => log.info('a button was answered too late'));
}

async function send(chat: number, { text, buttons }: Step, { clients, log }: HandlerContext): Promise<void> {
  const rows = buttons.map(({ label, data }) => [{ text: label, callback_data: data }]);
  try {
    await clients.telegram.sendMessage({ chat_id: chat, text, reply_markup: { inline_keyboard: rows } });
  } catch (error) {
    const isBlocked = error instanceof OutboundError && error.status === 403;
    if (!isBlocked) throw error;
    log.info('the chat has blocked the bot'); // no other try would change it
  }
}
