import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { describe, it } from 'node:test';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { createDestinationSender } from '../../../src/delivery/sending/destination-sender.ts';
import { destinationConfig, topicConfig } from '../../configs.ts';
import { sampleEvent } from '../../events.ts';

/** What one attempt comes to while no name server answers, and the names that were asked for. */
async function sendTo(config: DestinationConfig, url: string) {
  const asked: string[] = [];
  const lookup: LookupFunction = (name, _options, answer) => {
    asked.push(name);
    answer(Object.assign(new Error(name), { code: 'EAI_AGAIN' }), []);
  };
  const sender = createDestinationSender(config, { lookup });
  const result = await sender.send({
    url,
    webhook: {
      deliveryId: 'delivery',
      url: 'https://hooks.example.com/in',
      headers: [],
      body: new Uint8Array(1),
      isTransformed: false,
      replay: false,
      signingSecret: null,
      now: new Date(),
    },
    event: sampleEvent(),
    attempt: 1,
    signal: new AbortController().signal,
    timeoutMs: 5_000,
  });
  await sender.close();
  const { errorClass, systemCode } =
    result.kind === 'error' ? result : { errorClass: null, systemCode: null };
  return { asked, errorClass, systemCode };
}

describe('the names of destinations', () => {
  it('are looked up where all are, whether they are hosts or brokers, and are named as the failure', async () => {
    const url = 'http://crm.test/';
    const expected = { errorClass: 'dns', systemCode: 'EAI_AGAIN' };
    assert.deepEqual(await sendTo(destinationConfig({ url }), url), { asked: ['crm.test'], ...expected });
    const brokers = ['one.test:9092', 'two.test:9092'];
    assert.deepEqual(await sendTo(topicConfig({ brokers }), 'orders'), {
      asked: ['one.test', 'two.test'],
      ...expected,
    });
  });
});
