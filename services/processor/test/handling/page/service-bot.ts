import { defineHandler } from '@ackline/handlers/define-handler';
import { giveUp } from '@ackline/handlers/handler-error';
import { telegram } from '@ackline/handlers/telegram';

interface Category {
  readonly name: string;
}

export const serviceBot = defineHandler({
  name: 'service-bot',
  source: telegram, // so that event.payload is a typed update of the Bot API
  async handle(event, ctx) {
    const text = event.payload.message?.text;
    if (text === undefined) return; // delivered: there is nothing to answer
    const side = text.startsWith('/sell') ? 'sell' : 'buy';
    const load = async (): Promise<readonly Category[]> => {
      const answer = await ctx.http.get(`${String(ctx.settings['apiUrl'])}/categories?side=${side}`);
      return answer.json() as readonly Category[];
    };
    const categories = await ctx.cache.getOrLoad(`service_categories_all_${side}`, load, { ttlMs: 600_000 });
    if (categories.length === 0) throw giveUp('the API has no categories');
    const menu = categories.map(({ name }) => name).join('\n');
    await ctx.once(`reply:${event.id}`, () => ctx.reply(menu)); // a retry does not send it twice
    ctx.log.info('menu sent', { side, categories: categories.length });
  },
});
