import assert from 'node:assert/strict';
import { hash, randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { operatorName } from '@ackline/runtime/operator-name';
import { createToken } from '@ackline/store/console-tokens';
import { insertRejection } from '@ackline/store/rejections';
import { secretFingerprint, writeSecretUses } from '@ackline/store/secret-uses';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { MAX_UNSTARTED } from '../src/calls/replays.ts';
import { type CallOptions, type ConsoleBed, openConsoleBed, type StartedConsole } from './support/console.ts';
import { storeEvent } from './support/rows.ts';

describe('what an operator does by the API', () => {
  let bed: ConsoleBed;
  let pool: Pool;
  let ackline: StartedConsole;
  before(async () => {
    bed = await openConsoleBed();
    ({ pool, console: ackline } = bed);
  });
  after(() => bed[Symbol.asyncDispose]());
  beforeEach(async () => {
    // One that is still being counted would meet the truncate.
    await waitFor(
      async () => (await pool.query("select from replays where state = 'counting'")).rowCount === 0,
    );
    await pool.query(
      'truncate deliveries, finished_deliveries, delivery_edits, audit, paused_destinations, replays, replay_items',
    );
  });

  const lastAudit = async () => {
    const { json } = await ackline.call('listAudit', { query: { limit: '1' } });
    const { actor, action, subject, details } = json.items[0];
    return { actor, action, subject, details };
  };
  const parked = async (count: number, status = 503) => {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      const { deliveries } = await storeEvent(pool, {
        deliveries: [{ state: 'parked', attempts: [{ status }] }],
      });
      ids.push(deliveries[0]!);
    }
    return ids;
  };

  const eventOf = async (delivery = ''): Promise<string> =>
    (await ackline.call('readDelivery', { params: { id: delivery } })).json.eventId;

  it('sends a delivery again with another body, which is kept, and tells who made it in timeline and audit', async () => {
    const { id: event, deliveries } = await storeEvent(pool, {
      body: '{"amount":5}',
      deliveries: [{ state: 'parked', attempts: [{ status: 422 }] }],
    });
    const [id] = deliveries;
    const edit = (text: string) =>
      ackline.call('replayEdited', {
        params: { id: id! },
        body: { bodyBase64: Buffer.from(text).toString('base64') },
      });
    assert.deepEqual((await edit('{"amount":6}')).json, { id, state: 'due' });
    assert.deepEqual(await lastAudit(), {
      actor: operatorName(),
      action: 'delivery.replayed',
      subject: id,
      details: {
        destination: 'crm',
        before: 'parked',
        after: 'due',
        edit: 1,
        bytes: 12,
        sha256Before: hash('sha256', '{"amount":5}'),
        sha256: hash('sha256', '{"amount":6}'),
      },
    });
    const shown = await ackline.call('readEvent', { params: { id: event } });
    const [edited] = shown.json.deliveries[0].edits;
    assert.deepEqual([edited.n, edited.by, edited.bytes], [1, operatorName(), 12]);
    const entry = shown.json.timeline.find(({ what }: { what: string }) => what === 'edited');
    assert.deepEqual([entry.deliveryId, entry.outcome], [id, `edit 1 by ${operatorName()}`]);
    // The original is as it came.
    const came = await ackline.call('readPayload', { params: { id: event } });
    assert.equal(Buffer.from(came.json.bodyBase64, 'base64').toString(), '{"amount":5}');
    const sent = await ackline.call('readEdit', { params: { id: id!, n: '1' } });
    assert.equal(Buffer.from(sent.json.bodyBase64, 'base64').toString(), '{"amount":6}');
    assert.equal((await lastAudit()).action, 'payload.viewed');
    assert.equal((await ackline.call('readEdit', { params: { id: id!, n: '2' } })).status, 404);
    // It is on its way now.
    assert.deepEqual((await edit('{}')).json.code, 'ACKLINE_WRONG_STATE');
  });

  it('refuses an edit that is no JSON where the event came as JSON, and one that is over 1 MiB', async () => {
    const [id] = await parked(1);
    const edit = (bodyBase64: string) =>
      ackline.call('replayEdited', { params: { id: id! }, body: { bodyBase64 } });
    const broken = await edit(Buffer.from('{"amount":').toString('base64'));
    assert.deepEqual([broken.status, broken.json.code], [400, 'ACKLINE_CALL_INVALID']);
    assert.match(broken.json.detail, /came as application\/json/);
    const big = Buffer.from(`{"a":"${'x'.repeat(1_048_576)}"}`);
    assert.equal((await edit(big.toString('base64'))).status, 400);
    const fits = Buffer.from(`{"a":"${'x'.repeat(1_048_576 - 8)}"}`);
    assert.equal((await edit(fits.toString('base64'))).status, 200);
  });

  it('lists what is parked page by page, and by cause with its count', async () => {
    const ids = [...(await parked(3)), ...(await parked(2, 422))];
    const first = await ackline.call('listParked', { query: { limit: '2' } });
    const second = await ackline.call('listParked', { query: { limit: '3', cursor: first.json.next } });
    const listed = [...first.json.items, ...second.json.items].map(({ id }: { id: string }) => id);
    assert.deepEqual(listed, ids.toReversed());
    assert.equal(second.json.next, null);
    const ofCause = await ackline.call('listParked', { query: { cause: 'crm 422' } });
    assert.deepEqual(
      ofCause.json.items.map(({ id }: { id: string }) => id),
      ids.slice(3).toReversed(),
    );
    const { json } = await ackline.call('listCauses');
    assert.deepEqual(
      json.items.map(({ cause, count, hasMore, exampleId, exampleEventId }: Record<string, unknown>) => [
        cause,
        count,
        hasMore,
        exampleId,
        exampleEventId,
      ]),
      [
        ['crm 503', 3, false, ids[2], await eventOf(ids[2])],
        ['crm 422', 2, false, ids[4], await eventOf(ids[4])],
      ],
    );
  });

  it('replays and discards one delivery, with what it was before in the audit', async () => {
    const [first = '', second = ''] = await parked(2);
    const replayed = await ackline.call('replayDelivery', { params: { id: first } });
    assert.deepEqual(replayed.json, { id: first, state: 'due' });
    const actor = operatorName();
    assert.deepEqual(await lastAudit(), {
      actor,
      action: 'delivery.replayed',
      subject: first,
      details: { destination: 'crm', before: 'parked', after: 'due' },
    });
    const again = await ackline.call('replayDelivery', { params: { id: first } });
    assert.deepEqual([again.status, again.json.code], [409, 'ACKLINE_WRONG_STATE']);
    assert.match(again.json.detail, /is due/);
    await ackline.call('discardDelivery', { params: { id: second } });
    assert.deepEqual((await lastAudit()).details, {
      destination: 'crm',
      before: 'parked',
      after: 'discarded',
    });
    assert.equal((await ackline.call('discardDelivery', { params: { id: second } })).status, 409);
    await ackline.call('replayDelivery', { params: { id: second } });
    assert.deepEqual((await lastAudit()).details, { destination: 'crm', before: 'discarded', after: 'due' });
    assert.equal((await ackline.call('replayDelivery', { params: { id: randomUUID() } })).status, 404);
  });

  it('counts a replay first, sends nothing before it is started, and cancels it', async () => {
    await parked(4);
    const { json, status } = await ackline.call('createReplay', {
      body: { filter: { cause: 'crm 503' }, ratePerS: 10 },
    });
    assert.equal(status, 202);
    const params = { id: json.id };
    const read = async () => (await ackline.call('readReplay', { params })).json;
    const counted = await waitFor(async () => {
      const replay = await read();
      return replay.state === 'announced' ? replay : null;
    });
    assert.deepEqual([counted.counted, counted.released, counted.left], [4, 0, 4]);
    assert.equal((await ackline.call('continueReplay', { params })).status, 409);
    assert.equal((await ackline.call('startReplay', { params })).json.state, 'trickle');
    assert.deepEqual((await lastAudit()).details, {
      before: 'announced',
      after: 'trickle',
      released: 0,
      left: 4,
    });
    assert.equal((await ackline.call('startReplay', { params })).status, 409);
    assert.equal((await ackline.call('cancelReplay', { params })).json.state, 'cancelled');
    assert.equal((await read()).left, 4);
    const { json: list } = await ackline.call('listReplays');
    assert.deepEqual(
      list.items.map(({ id, state }: Record<string, unknown>) => [id, state]),
      [[json.id, 'cancelled']],
    );
  });

  it('counts one replay of a tenant at a time, also of calls that come together', async () => {
    await parked(1);
    const create = (tenant: string) =>
      ackline.call('createReplay', { body: { filter: { tenant, destination: 'crm' } } });
    // None is inserted before all have asked.
    const locker = await pool.connect();
    await locker.query('begin; lock table replays in share row exclusive mode');
    const calls = Array.from({ length: 6 }, () => create('crimson'));
    const refused = await Promise.any(
      calls.map(async call => {
        const { status } = await call;
        return status === 202 ? Promise.reject(new Error('it was taken')) : status;
      }),
    );
    await locker.query('rollback');
    locker.release();
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    assert.equal(refused, 503);
    assert.equal(statuses.filter(status => status === 202).length, 1, statuses.join());
    // Its place is free again.
    await waitFor(async () => (await create('crimson')).status === 202);
  });

  it('a tenant has few replays that wait to be started, and room again when one is cancelled', async () => {
    await parked(1);
    const token = (await createToken(pool, {
      name: 'crimson',
      scopes: ['view', 'operate'],
      tenant: 'crimson',
      expiresInMs: null,
      actor: 'me',
    }))!;
    const create = (options: CallOptions = { token }) =>
      // While another one is being counted it is answered 503.
      waitFor(async () => {
        const answer = await ackline.call('createReplay', {
          body: { filter: { destination: 'crm' } },
          ...options,
        });
        return answer.status === 503 ? null : answer;
      });
    const ids: string[] = [];
    for (let n = 0; n < MAX_UNSTARTED; n++) {
      const { json } = await create();
      ids.push(json.id);
      await waitFor(async () => {
        const { json: replay } = await ackline.call('readReplay', { params: { id: json.id } });
        return replay.state === 'announced';
      });
    }
    const { status, json } = await create();
    assert.deepEqual([status, json.code], [409, 'ACKLINE_REPLAYS_NOT_STARTED']);
    assert.match(json.detail, /cancel one/);
    const { rows } = await pool.query('select from replay_items');
    assert.equal(rows.length, MAX_UNSTARTED);
    // Of all tenants: they are no tenant's.
    assert.equal((await create({})).status, 202);
    await ackline.call('cancelReplay', { params: { id: ids[0]! }, token });
    assert.equal((await create()).status, 202);
  });

  it('a replay of nothing says so', async () => {
    const { json } = await ackline.call('createReplay', { body: { filter: { source: 'nobody' } } });
    const replay = await waitFor(async () => {
      const { json: found } = await ackline.call('readReplay', { params: { id: json.id } });
      return found.state === 'cancelled' ? found : null;
    });
    assert.deepEqual([replay.counted, replay.reason], [0, 'nothing is of this filter']);
  });

  it('pauses, resumes and enables a destination, and shows where it is configured', async () => {
    const params = { name: 'crm' };
    const state = async () => {
      const { json } = await ackline.call('listDestinations');
      return json.items.find(({ name }: { name: string }) => name === 'crm');
    };
    const { place, address, type } = await state();
    assert.match(place.file, /ackline\.yaml$/);
    assert.deepEqual([place.line, address, type], [11, 'http://127.0.0.1:9/…', 'http']);
    const body = { reason: 'a deploy' };
    assert.deepEqual((await ackline.call('pauseDestination', { params, body })).json, {
      name: 'crm',
      changed: true,
    });
    assert.deepEqual((await lastAudit()).details, { before: 'active', after: 'paused', reason: 'a deploy' });
    assert.equal((await ackline.call('pauseDestination', { params })).json.changed, false);
    assert.equal((await state()).heldBecause, 'paused: a deploy');
    assert.equal((await ackline.call('resumeDestination', { params })).json.changed, true);
    assert.equal((await ackline.call('resumeDestination', { params })).json.changed, false);
    await pool.query(
      "insert into destination_states (name, status, failures, reopens_at) values ('crm', 'OPEN', 10, now() + interval '1 hour')",
    );
    assert.deepEqual([(await state()).breaker, (await state()).heldBecause], ['open', 'its breaker is open']);
    assert.equal((await ackline.call('enableDestination', { params })).json.changed, true);
    assert.deepEqual((await lastAudit()).details, { before: 'breaker OPEN', after: 'active' });
    assert.equal((await state()).breaker, 'closed');
    for (const name of ['pauseDestination', 'resumeDestination', 'enableDestination'] as const)
      assert.equal((await ackline.call(name, { params: { name: 'nobody' } })).status, 404);
  });

  it('shows sources with their secrets by age and last use, never a value', async () => {
    const fingerprint = secretFingerprint('crimson-hooks', 'crimson-secret');
    await writeSecretUses(
      pool,
      [{ source: 'crimson-hooks', fingerprint, uses: 3, lastUsedAt: Date.now() }],
      randomUUID(),
    );
    const { json } = await ackline.call('listSources');
    const [crimson] = json.items;
    assert.equal(crimson.url, 'https://hooks.example.com/crimson');
    assert.equal(crimson.place.line, 4);
    assert.deepEqual(
      [crimson.secrets[0].reference, crimson.secrets[0].uses, crimson.secrets[0].place.line],
      ['env RED', 3, 8],
    );
    const text = JSON.stringify(json);
    assert.ok(!text.includes('crimson-secret') && !text.includes(fingerprint));
  });

  it("shows refused requests with the signature doctor's words", async () => {
    const requests = [randomUUID(), randomUUID(), randomUUID()];
    for (const [index, requestId] of requests.entries())
      await insertRejection(pool, {
        requestId,
        rejectedAt: new Date(Date.now() - index * 1_000),
        source: 'crimson-hooks',
        provider: 'telegram',
        code: 'ACKLINE_BAD_SIGNATURE',
        reason: 'bad_signature',
        method: 'POST',
        url: 'https://hooks.example.com/crimson',
        headers: { known: [['Content-Type', 16]], others: 2 },
        bodyBytes: 2,
        bodySha256: 'ab',
        secrets: 1,
        tried: { url: 4 },
        secretIndex: 0,
        skewMs: 12,
        diagnosis: 'other-url',
        what: 'It was signed for another URL',
        fix: 'Set publicUrl',
        body: Buffer.from('{}'),
      });
    const first = await ackline.call('listRejected', { query: { limit: '2' } });
    const second = await ackline.call('listRejected', { query: { limit: '2', cursor: first.json.next } });
    const listed = [...first.json.items, ...second.json.items].map(
      ({ requestId }: { requestId: string }) => requestId,
    );
    assert.deepEqual([listed, second.json.next], [requests, null]);
    const { json } = await ackline.call('readRejected', { params: { id: requests[0]! } });
    assert.deepEqual(
      [json.what, json.fix, json.otherHeaders, json.tried],
      ['It was signed for another URL', 'Set publicUrl', 2, { url: 4 }],
    );
  });
});
