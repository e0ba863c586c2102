import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lookup } from 'node:dns';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { openTlsIdentity } from '@ackline/runtime/tls-files';
import type { KafkaDestinationConfig } from '@ackline/shared/config/types';
import { createDestinationSender } from '../../../src/delivery/sending/destination-sender.ts';
import { sampleEvent } from '../../events.ts';
import { topicConfig } from '../../configs.ts';

const NO_FILES = { caFile: null, certFile: null, keyFile: null };
/** A record of TLS begins so; a request of Kafka with its length, which is short. */
const HANDSHAKE = 0x16;

describe('the brokers of a destination', () => {
  /** Hears the first byte, and answers nothing. */
  const first: number[] = [];
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', data => {
      first.push(data[0] ?? -1);
      socket.destroy();
    });
  });
  before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  after(() => server.close());

  /** Whether an attempt speaks TLS; the event log's brokers are reached by it. */
  async function speaksTls(own: Pick<KafkaDestinationConfig, 'tls'> | null): Promise<boolean> {
    const brokers = [`localhost:${(server.address() as AddressInfo).port}`];
    const security = { tls: openTlsIdentity(NO_FILES), sasl: null };
    const config = topicConfig(own === null ? { brokers: null } : { brokers, ...own });
    const sender = createDestinationSender(config, { lookup, kafka: { brokers, security } });
    first.length = 0;
    await sender.send({
      url: 'orders',
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
    assert.notEqual(first.length, 0);
    return first.every(byte => byte === HANDSHAKE);
  }

  it('are those of the event log, reached as the environment says, where it names none', async () => {
    assert.equal(await speaksTls(null), true);
  });

  it('get nothing of what the environment has for others', async () => {
    assert.equal(await speaksTls({ tls: null }), false);
    assert.equal(await speaksTls({ tls: NO_FILES }), true);
  });
});
