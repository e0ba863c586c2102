import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { openTopic } from '../src/kafka-topic.ts';

const API_VERSIONS = 18;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
/** Kafka's number for a mechanism that it does not have. */
const UNSUPPORTED_SASL_MECHANISM = 33;
/** The version in which the client asks before it logs in. */
const BEFORE_A_LOGIN = 1;
const SESSION_MS = 3_600_000n;

/** Of a broker: what it answers to a request by its key and version, behind the correlation; null: it cuts the connection. */
type Answers = (key: number, version: number) => { readonly bytes: Buffer; readonly isLast?: boolean } | null;

const int16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
const NOTHING = Buffer.alloc(4); // no items
const versions = { bytes: Buffer.concat([int16(0), NOTHING, Buffer.alloc(4)]) };

/** Knows no login, and resets the connection of who asks for one. */
const refusing: Answers = key =>
  key === API_VERSIONS
    ? versions
    : { bytes: Buffer.concat([int16(UNSUPPORTED_SASL_MECHANISM), NOTHING]), isLast: true };

/** Takes any login for an hour, and then cuts the connection. */
const forgetting: Answers = (key, version) => {
  if (key === API_VERSIONS && version === BEFORE_A_LOGIN) return versions;
  if (key === SASL_HANDSHAKE) return { bytes: Buffer.concat([int16(0), NOTHING]) };
  if (key !== SASL_AUTHENTICATE) return null;
  const lifetime = Buffer.alloc(8);
  lifetime.writeBigInt64BE(SESSION_MS);
  return {
    bytes: Buffer.concat([Buffer.from([0]), int16(0), Buffer.from([0, 1]), lifetime, Buffer.from([0])]),
  };
};

function serve(answers: Answers) {
  return createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.on('data', request => {
      const answer = answers(request.readInt16BE(4), request.readInt16BE(6));
      if (answer === null) return void socket.destroy();
      const head = Buffer.alloc(8);
      head.writeInt32BE(answer.bytes.length + 4, 0);
      request.copy(head, 4, 8, 12);
      socket.write(Buffer.concat([head, answer.bytes]), () => {
        if (answer.isLast === true) socket.resetAndDestroy();
      });
    });
  });
}

/** The code that opening the topic fails with, each time. */
async function codesOf(answers: Answers, times: number): Promise<readonly string[]> {
  const server = serve(answers);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const sasl = { mechanism: 'plain', username: 'me', password: () => 'hunter2' } as const;
  const codes: string[] = [];
  for (let tried = 0; tried < times; tried += 1) {
    await openTopic({
      brokers: [`127.0.0.1:${port}`],
      security: { tls: null, sasl },
      durability: 'single-node',
      deadlineMs: 10_000,
    }).catch((error: unknown) => codes.push(error instanceof AppError ? error.code : String(error)));
  }
  server.close();
  await once(server, 'close');
  return codes;
}

const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length;

describe('a login at a broker', () => {
  it('that is refused, and the connection cut, is named and ends no process by what is said twice', async () => {
    assert.deepEqual(await codesOf(refusing, 20), Array(20).fill('ACKLINE_KAFKA_LOGIN_REFUSED'));
  });

  it('that has a time is forgotten with its connection: nothing keeps a process that ends', async () => {
    const before = timers();
    assert.deepEqual(await codesOf(forgetting, 1), ['ACKLINE_KAFKA_UNAVAILABLE']);
    assert.equal(timers(), before);
  });
});
