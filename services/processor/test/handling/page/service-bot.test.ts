import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runHandler } from '@ackline/handlers/testing';
import { serviceBot } from './service-bot.ts';

it('leaves an update without a text alone', async () => {
  const { result } = await runHandler(serviceBot, { body: { update_id: 1 } });
  assert.equal(result.kind, 'done');
});
