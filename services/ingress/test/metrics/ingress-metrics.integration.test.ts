import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { scrape } from '@ackline/testkit/scrape';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import { sendUpdate, startIngress } from '../support/service.ts';

const SOURCE = { source: 'telegram' };

async function withAgent(use: (agent: Agent) => Promise<void>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  try {
    await use(agent);
  } finally {
    agent.destroy();
  }
}

describe('the metrics of the ingress', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.close());

  it('tell of each source how long its acks took, how many of its provider were refused in a row, and why a sender was not proven', async () => {
    await using ingress = await startIngress(database.url);
    const first = await scrape(ingress.operations);
    assert.equal(first.value('ackline_ingress_events_lost_total', SOURCE), 0);
    assert.equal(first.value('ackline_ingress_unacked_requests', SOURCE), 0);

    const send = (token: string) =>
      fetch(`http://127.0.0.1:${ingress.port}/webhook/telegram`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': token },
        body: '{}',
      });
    for (const token of ['wrong', 'wrong-too']) assert.equal((await send(token)).status, 401);
    // Of strangers: no answer to the provider.
    const url = `http://127.0.0.1:${ingress.port}/webhook/telegram`;
    for (const [init, status] of [
      [{ method: 'GET' }, 405],
      [{ method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' }, 415],
      [{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }, 401],
    ] as const) {
      assert.equal((await fetch(url, init)).status, status);
    }
    const refused = await scrape(ingress.operations);
    assert.equal(refused.value('ackline_ingress_unacked_requests', SOURCE), 2);
    assert.equal(
      refused.value('ackline_ingress_signature_failures_total', { ...SOURCE, reason: 'wrong_signature' }),
      2,
    );
    await withAgent(async agent => {
      assert.equal(await sendUpdate(agent, ingress.port, 1), 200);
    });
    const acked = await scrape(ingress.operations);
    assert.equal(acked.value('ackline_ingress_unacked_requests', SOURCE), 0);
    const answeredAt = (answer: string) =>
      acked.value('ackline_ingress_answered_timestamp_seconds', { ...SOURCE, answer }) ?? 0;
    assert.ok(answeredAt('refusal') > 1_700_000_000 && answeredAt('ack') >= answeredAt('refusal'));
    // Of what was acknowledged: not the refusals.
    assert.equal(acked.value('ackline_ingress_ack_seconds_count', SOURCE), 1);
    assert.equal(acked.value('ackline_ingress_ack_seconds_bucket', { ...SOURCE, le: '10' }), 1);
  });

  it('tell how long the answers took that no log took, too', async () => {
    const url = new URL(database.url);
    await using proxy = await startTcpProxy({ port: Number(url.port) });
    url.port = String(proxy.port);
    await using ingress = await startIngress(url.href);
    await proxy.cut();
    await withAgent(async agent => {
      assert.equal(await sendUpdate(agent, ingress.port, 1), 503);
    });
    const refused = await scrape(ingress.operations);
    assert.equal(refused.value('ackline_ingress_ack_seconds_count', SOURCE), 1);
  });

  it('tell in which batches a tier was given events', async () => {
    await using ingress = await startIngress(database.url); // without a spool: each of them is given to the inbox once
    await withAgent(async agent => {
      const ids = Array.from({ length: 20 }, (_, id) => id + 1);
      const statuses = await Promise.all(ids.map(id => sendUpdate(agent, ingress.port, id)));
      assert.deepEqual(
        statuses,
        ids.map(() => 200),
      );
    });
    const given = await scrape(ingress.operations);
    assert.equal(given.value('ackline_eventlog_batch_events_sum', { tier: 'inbox' }), 20);
    assert.ok((given.value('ackline_eventlog_batch_events_count', { tier: 'inbox' }) ?? 0) >= 1);
  });

  it('tell of an event that PostgreSQL was late with that the inbox was given it again, by the spool', async () => {
    const url = new URL(database.url);
    await using proxy = await startTcpProxy({ port: Number(url.port) });
    url.port = String(proxy.port);
    const spool = await mkdtemp(join(tmpdir(), 'ackline-spool-'));
    try {
      await using ingress = await startIngress(url.href, { SPOOL_DIR: spool, SPOOL_DURABILITY: 'ephemeral' });
      proxy.slow(1_000, 'client'); // longer than an answer waits for the inbox, shorter than the spool does
      await withAgent(async agent => {
        assert.equal(await sendUpdate(agent, ingress.port, 1), 200);
      });
      proxy.slow(0);
      await waitFor(
        async () => (await scrape(ingress.operations)).value('ackline_spool_relayed_total') === 1,
        { what: 'the spool to be drained', timeoutMs: 30_000 },
      );
      const given = await scrape(ingress.operations);
      assert.equal(given.value('ackline_eventlog_batch_events_sum', { tier: 'spool' }), 1);
      assert.ok((given.value('ackline_eventlog_batch_events_sum', { tier: 'inbox' }) ?? 0) >= 2);
    } finally {
      await rm(spool, { recursive: true, force: true });
    }
  });

  it('tell which tier takes events, and what the spool holds while PostgreSQL is away', async () => {
    const url = new URL(database.url);
    await using proxy = await startTcpProxy({ port: Number(url.port) });
    url.port = String(proxy.port);
    const spool = await mkdtemp(join(tmpdir(), 'ackline-spool-'));
    try {
      await using ingress = await startIngress(url.href, { SPOOL_DIR: spool, SPOOL_DURABILITY: 'ephemeral' });
      const inUse = async (tier: string) =>
        (await scrape(ingress.operations)).value('ackline_eventlog_tier_in_use', { tier });
      await withAgent(async agent => {
        const well = await scrape(ingress.operations);
        assert.deepEqual([await inUse('inbox'), await inUse('spool')], [1, 0]);
        assert.equal(well.value('ackline_spool_ready'), 1);
        assert.equal(well.value('ackline_spool_events'), 0);
        assert.equal(well.value('ackline_spool_oldest_age_seconds'), 0);

        await proxy.cut();
        let id = 100;
        await waitFor(
          async () => {
            assert.equal(await sendUpdate(agent, ingress.port, id++), 200);
            return (await inUse('spool')) === 1;
          },
          { what: 'the spool to be in use', timeoutMs: 30_000 },
        );
        const away = await scrape(ingress.operations);
        assert.equal(well.value('ackline_breaker_openings_total', { breaker: 'inbox' }), 0);
        assert.equal(
          well.value('ackline_breaker_openings_total', { breaker: 'kafka' }),
          null,
          'there is none',
        );
        assert.equal(await inUse('inbox'), 0);
        assert.ok((away.value('ackline_spool_events') ?? 0) > 0);
        assert.ok((away.value('ackline_spool_bytes') ?? 0) > 0);
        assert.ok((away.value('ackline_spool_oldest_age_seconds') ?? 0) > 0);
        assert.ok((away.value('ackline_eventlog_batch_events_count', { tier: 'spool' }) ?? 0) > 0);

        await proxy.heal();
        await waitFor(async () => (await scrape(ingress.operations)).value('ackline_spool_events') === 0, {
          what: 'the spool to be drained',
          timeoutMs: 30_000,
        });
        const back = await scrape(ingress.operations);
        assert.ok((back.value('ackline_spool_relayed_total') ?? 0) >= id - 100);
        assert.deepEqual([await inUse('inbox'), await inUse('spool')], [1, 0]);
      });
    } finally {
      await rm(spool, { recursive: true, force: true });
    }
  });
});

describe('what stands between an event and the log', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.close());

  it('is counted: repeats that were known, requests that were not, and those over a limit', async () => {
    await using ingress = await startIngress(database.url, { WEBHOOK_MAX_REQUESTS_PER_MINUTE: '2' });
    await withAgent(async agent => {
      // All of one sender (each seventh chat is the same); Telegram's limit defers.
      for (const id of [7, 7, 14, 21]) assert.equal(await sendUpdate(agent, ingress.port, id), 200);
    });
    const seen = await scrape(ingress.operations);
    assert.equal(seen.value('ackline_seen_hits_total', { tier: 'memory' }), 1);
    assert.equal(seen.value('ackline_seen_hits_total', { tier: 'redis' }), null);
    assert.equal(seen.value('ackline_seen_misses_total'), 3);
    assert.equal(seen.value('ackline_seen_entries'), 3);
    assert.equal(seen.value('ackline_ingress_limit_hits_total', { verdict: 'deferred' }), 1);
    assert.equal(seen.value('ackline_ingress_limit_hits_total', { verdict: 'rejected' }), 0);
  });
});

describe('a secret', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.close());

  it('is shown with its last use and the age of its file, and a check that takes too long is counted and decided', async () => {
    await using ingress = await startIngress(database.url, { SIGNATURE_VALIDATION_TIMEOUT: '0.000001' });
    const secretFile = join(dirname(ingress.configFile), 'older-secret');
    await writeFile(secretFile, 'older-token');
    const changedAt = new Date('2025-01-02T03:04:05Z');
    await utimes(secretFile, changedAt, changedAt);
    const text = await readFile(ingress.configFile, 'utf8');
    await writeFile(
      ingress.configFile,
      text.replace('secrets: [{ env: TOKEN }]', `secrets: [{ env: TOKEN }, { file: ${secretFile} }]`),
    );
    const second = { ...SOURCE, secret: '1' };
    await waitFor(
      async () =>
        (await scrape(ingress.operations)).value(
          'ackline_ingress_secret_changed_timestamp_seconds',
          second,
        ) ===
        changedAt.getTime() / 1_000,
      { what: 'the second secret', timeoutMs: 30_000 },
    );
    await withAgent(async agent => {
      assert.equal(await sendUpdate(agent, ingress.port, 1), 200);
    });
    const used = await scrape(ingress.operations);
    const lastUsed = 'ackline_ingress_secret_last_used_timestamp_seconds';
    const ageS = Date.now() / 1_000 - (used.value(lastUsed, { ...SOURCE, secret: '0' }) ?? 0);
    assert.ok(ageS >= 0 && ageS < 60, String(ageS));
    assert.equal(used.value(lastUsed, second), 0);
    assert.equal(
      used.value('ackline_ingress_secret_changed_timestamp_seconds', { ...SOURCE, secret: '0' }),
      null,
    );
    assert.equal(used.value('ackline_ingress_slow_signatures_total', SOURCE), 1);
    await waitFor(() => ingress.logged('signature.slow').length === 1, { timeoutMs: 10_000 });
    assert.equal(used.value('ackline_ingress_requests_total', { ...SOURCE, result: 'accepted' }), 1);
  });

  it('keeps the time of its last use when a reload puts a new one before it', async () => {
    await using ingress = await startIngress(database.url);
    await withAgent(async agent => {
      assert.equal(await sendUpdate(agent, ingress.port, 1), 200);
    });
    const lastUsed = async (secret: string) =>
      (await scrape(ingress.operations)).value('ackline_ingress_secret_last_used_timestamp_seconds', {
        ...SOURCE,
        secret,
      });
    const usedAt = await lastUsed('0');
    assert.ok((usedAt ?? 0) > 0);
    const secretFile = join(dirname(ingress.configFile), 'newer-secret');
    await writeFile(secretFile, 'newer-token');
    const text = await readFile(ingress.configFile, 'utf8');
    await writeFile(
      ingress.configFile,
      text.replace('secrets: [{ env: TOKEN }]', `secrets: [{ file: ${secretFile} }, { env: TOKEN }]`),
    );
    await waitFor(async () => (await lastUsed('1')) !== null, {
      what: 'the second secret',
      timeoutMs: 30_000,
    });
    assert.deepEqual([await lastUsed('0'), await lastUsed('1')], [0, usedAt]);
  });
});
