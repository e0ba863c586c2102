import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AuthenticationError,
  Connection,
  ConnectionPool,
  NetworkError,
  ResponseError,
} from '@platformatic/kafka';
import { watchConnections, withReason } from '../src/kafka-client.ts';

const API = { apiKey: 3, apiVersion: 9 };
const UNKNOWN_TOPIC = 3;

/** A pool, and what befalls its connections. Nothing is called. */
function watched() {
  const pool = new ConnectionPool('test', {});
  watchConnections(pool);
  const connection = new Connection('test');
  pool.emit('connecting', { connection });
  return {
    refuse: (error: Error) => connection.emit('error', error),
    connect: () => pool.emit('connect', { connection }),
    /** What a question that fails with `error` is told to have failed by. */
    reasonOf: (error: Error) => withReason(pool, Promise.reject(error)).catch((reason: unknown) => reason),
  };
}

describe('the reason of a failed question', () => {
  const refused = new AuthenticationError('SASL authentication failed.', {});
  Object.assign(refused, { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
  const closed = new NetworkError('Connection closed');

  it('is what a connection was refused by, where the question only hears that it was closed', async () => {
    const { refuse, reasonOf } = watched();
    assert.equal(await reasonOf(closed), closed);
    refuse(refused);
    assert.equal(await reasonOf(closed), refused);
  });

  it('is no refusal of a connection before: a broker that is away now is away', async () => {
    const { refuse, connect, reasonOf } = watched();
    refuse(refused);
    connect();
    assert.equal(await reasonOf(closed), closed);
  });

  it('is what a broker has answered, whatever befell other connections', async () => {
    const { refuse, reasonOf } = watched();
    refuse(refused);
    const answer = new ResponseError(API.apiKey, API.apiVersion, { '/': [UNKNOWN_TOPIC, null] }, {});
    assert.equal(await reasonOf(answer), answer);
  });
});
