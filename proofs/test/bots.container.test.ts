import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runBots } from '../src/bots/run-bots.ts';
import { respondioIntake } from '../src/bots/respondio-intake.ts';
import { telegramServiceBot } from '../src/bots/telegram-service-bot.ts';
import { whatsappIntake } from '../src/bots/whatsapp-intake.ts';

// The short form of `npm run proof -- bots`: fewer conversations, and one kill.

// Side by side: each waits most of its time, for servers that start, for the pace of a provider or for a lease.
describe('bots whose processor is killed, on Kafka, PostgreSQL and Redis', { concurrency: true }, () => {
  for (const scenario of [telegramServiceBot, whatsappIntake, respondioIntake]) {
    it(`${scenario.name}: handles every message, in order, and replies to none twice`, async () => {
      const { checks, ...figures } = await runBots({
        scenario,
        servers: 'containers',
        conversations: 60,
        kills: 1,
        log: () => undefined,
      });
      console.log(JSON.stringify(figures));
      assert.deepEqual(
        checks.filter(({ holds }) => !holds),
        [],
      );
    });
  }
});
