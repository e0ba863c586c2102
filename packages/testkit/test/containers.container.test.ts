import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { startKafka, startPostgres, startRedis } from '@ackline/testkit/containers';
import { startLimitedVolume } from '@ackline/testkit/limited-volume';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';

async function answer(url: string): Promise<unknown> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query('select current_setting($1)::int / 10000 as major', ['server_version_num']))
      .rows[0]?.major;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function ask(port: number, request: Buffer | string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const socket = connect(port, '127.0.0.1', () => socket.write(request));
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('closed without an answer')));
  socket.once('data', data => {
    resolve(data);
    socket.destroy();
  });
  return promise;
}

describe('the servers in containers', () => {
  it('are PostgreSQL 17, which comes back on its port after a kill, and is silent while paused', async () => {
    await using postgres = await startPostgres();
    assert.equal(await answer(postgres.url), 17);
    await postgres.kill();
    await assert.rejects(answer(postgres.url));
    await postgres.start();
    await waitFor(() => answer(postgres.url), { timeoutMs: 60_000 });
    await postgres.pause();
    await assert.rejects(answer(postgres.url), /timeout/i);
    await postgres.unpause();
    await waitFor(() => answer(postgres.url));
  });

  it('are Redis, which asks for its password', async () => {
    await using redis = await startRedis();
    assert.match((await ask(redis.port, 'PING\r\n')).toString(), /^-NOAUTH/);
    const password = new URL(redis.url).password;
    assert.match((await ask(redis.port, `AUTH ${password}\r\n`)).toString(), /^\+OK/);
  });

  it('are Kafka, which comes back on its port after a kill', async () => {
    await using kafka = await startKafka();
    // ApiVersions v0, correlation id 7, no client id: the oldest question of the protocol.
    const apiVersions = Buffer.from('0000000a0012000000000007ffff', 'hex');
    const correlation = async (): Promise<number> => (await ask(kafka.port, apiVersions)).readInt32BE(4);
    assert.equal(await correlation(), 7);
    await kafka.kill();
    await assert.rejects(correlation());
    await kafka.start();
    assert.equal(await waitFor(correlation, { timeoutMs: 120_000 }), 7);
  });

  it('can have a disk that is full, and goes on when it is not any more', async () => {
    await using volume = await startLimitedVolume({ sizeMiB: 192 });
    await using postgres = await startPostgres({ volume });
    const query = async (text: string): Promise<void> => {
      const client = new pg.Client({ connectionString: postgres.url });
      client.on('error', () => undefined);
      await client.connect();
      try {
        await client.query(text);
      } finally {
        await client.end();
      }
    };
    const grow = `insert into big select repeat(md5(n::text), 30) from generate_series(1, 60000) n`;
    await query('create table big (text text)');
    await volume.fill();
    await assert.rejects(query(grow), /No space left|terminated|closed/);
    await volume.free();
    await waitFor(() => query('select 1').then(() => true), { timeoutMs: 60_000 });
  });
});
