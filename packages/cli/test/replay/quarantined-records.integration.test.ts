import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { keyHash } from '@ackline/eventlog/lane';
import { cutLaneBatches } from '@ackline/eventlog/lane-batch';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import pg from 'pg';
import { operatorName } from '@ackline/runtime/operator-name';
import { ranCli } from '../ran-cli.ts';

const EVENT = '019ab2c4-0000-7000-8000-00000000000a';
const OTHER = '019ab2c4-0000-7000-8000-00000000000b';
const BODY = Buffer.from([0, 255, 10]);

const metaOf = (id: string): EnvelopeMeta => ({
  id,
  source: 'telegram',
  tenant: 'default',
  provider: 'telegram',
  type: 'message',
  dedupKey: id,
  orderingKey: 'chat-1',
  occurredAt: null,
  receivedAt: 1_795_372_800_000,
  method: 'POST',
  url: 'https://hooks.example.com/webhook/telegram',
  headers: [['Content-Type', 'application/json']],
  priority: 'normal',
  traceparent: null,
  notBefore: null,
});

describe('quarantined records, by command', () => {
  let database: TestDatabase;
  let client: pg.Client;
  before(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  beforeEach(() => client.query('truncate quarantine, inbox, audit restart identity'));
  after(async () => {
    await client.end();
    await database.close();
  });

  const answers: boolean[] = [];

  function run(...args: string[]) {
    const answer = answers.shift();
    return ranCli(args, {
      ...(answer === undefined ? {} : { confirm: () => Promise.resolve(answer) }),
      environment: { DATABASE_URL: database.url },
    });
  }
  async function quarantine(origin: string, meta: Uint8Array, keyId = 'none'): Promise<void> {
    await client.query(
      `insert into quarantine (origin, reason, key_id, meta, body) values ($1, 'SQLSTATE 23514', $2, $3, $4)`,
      [origin, keyId, meta, BODY],
    );
  }
  const rowsOf = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows;

  for (const origin of ['kafka:0:11', `inbox:${EVENT}`, `unrouted:${EVENT}`])
    it(`go back into the inbox, byte for byte and under their key, and are audited: ${origin}`, async () => {
      const meta = encodeMeta(metaOf(EVENT));
      await quarantine(origin, meta);
      assert.match((await run('park')).out, new RegExp(`${origin} +SQLSTATE 23514 +1$`));
      const { exitCode, out } = await run('replay', 'quarantined', '1');
      assert.equal(exitCode, 0);
      assert.match(out, new RegExp(`^${origin} is in the inbox again, as the event ${EVENT}\\.`));
      assert.deepEqual(await rowsOf('select id, key_hash, after_offset, key_id, meta, body from inbox'), [
        {
          id: EVENT,
          key_hash: keyHash('telegram\u0000chat-1'),
          after_offset: '-1',
          key_id: 'none',
          meta,
          body: BODY,
        },
      ]);
      assert.deepEqual(await rowsOf('select id from quarantine'), []);
      assert.deepEqual(await rowsOf('select actor, action, subject, details from audit'), [
        {
          actor: operatorName(),
          action: 'quarantine.returned',
          subject: EVENT,
          details: { origin, reason: 'SQLSTATE 23514' },
        },
      ]);
      assert.match(
        (await run('replay', 'quarantined', '1')).err,
        /\[ACKLINE_NOT_FOUND\] There is no quarantined record 1/,
      );
    });

  it('stay where this release makes no event of them, or where they are one already', async () => {
    await quarantine('kafka:0:12', Buffer.from('{"v":9}'));
    await quarantine(`inbox:${EVENT}`, encodeMeta(metaOf(EVENT)), 'a key of another release');
    await quarantine(`event:${EVENT}`, encodeMeta(metaOf(EVENT)));
    assert.match(
      (await run('replay', 'quarantined', '3')).err,
      new RegExp(
        `\\[ACKLINE_USAGE\\] The event ${EVENT} is stored already, so there is nothing to put back: when its routes were looked for`,
      ),
    );
    for (const id of ['1', '2']) {
      assert.match(
        (await run('replay', 'quarantined', id)).err,
        /\[ACKLINE_USAGE\] This release makes no event of \S+: it stays as it is/,
      );
    }
    assert.equal((await rowsOf('select from quarantine')).length, 3);
    assert.equal((await rowsOf('select from inbox')).length, 0);
  });

  it('of Kafka, which were no event to an older release, go back once a release makes one of them', async () => {
    const meta = encodeMeta(metaOf(EVENT));
    const newer = Buffer.from(meta.toString().replace('"v":1', '"v":2'));
    const fetched = { offset: '11', value: BODY, headers: { meta: newer } };
    const lane = { lane: 0, topicId: 'a', storedTo: 11n, nextOffset: 12n };
    const [record] = cutLaneBatches([fetched], lane)[0]!.records;
    assert.ok(record && 'invalid' in record);
    await quarantine('kafka:0:11', record.invalid.headersBytes);
    assert.match((await run('replay', 'quarantined', '1')).err, /This release makes no event of kafka:0:11/);
    await client.query(
      `update quarantine set meta = convert_to(replace(convert_from(meta, 'UTF8'), 'v\\":2', 'v\\":1'), 'UTF8')`,
    );
    assert.equal((await run('replay', 'quarantined', '1')).exitCode, 0);
    assert.deepEqual(await rowsOf('select id, key_hash, meta, body from inbox'), [
      { id: EVENT, key_hash: keyHash('telegram\u0000chat-1'), meta, body: BODY },
    ]);
    assert.deepEqual(await rowsOf('select id from quarantine'), []);
  });

  it('that are no event at all stay, whatever they hold', async () => {
    const meta = encodeMeta(metaOf(EVENT)).toString();
    const kept = [
      [],
      [[]],
      [['meta']],
      [['meta', 1]],
      [['meta', `${meta},${meta}`]],
      [['Meta', meta]],
      'meta',
      null,
    ];
    for (const [n, pairs] of kept.entries())
      await quarantine(`kafka:0:${n}`, Buffer.from(JSON.stringify(pairs)));
    assert.match(
      (await run('replay', 'quarantined', '--all', '--yes')).out,
      /\n0 of 8 .* 8 stay as they are\.$/,
    );
  });

  it('of one event go back one after the other', async () => {
    for (const origin of ['kafka:0:11', `inbox:${EVENT}`])
      await quarantine(origin, encodeMeta(metaOf(EVENT)));
    await run('replay', 'quarantined', '1');
    assert.match(
      (await run('replay', 'quarantined', '2')).err,
      /\[ACKLINE_USAGE\] The event \S+ of this record is in the inbox already/,
    );
    assert.deepEqual(await rowsOf('select id from quarantine'), [{ id: '2' }]);
  });

  it('go back all at once where that is said, and are only counted before', async () => {
    assert.match(
      (await run('replay', 'quarantined', '--all')).err,
      /\[ACKLINE_NOT_FOUND\] No record is quarantined/,
    );
    await quarantine('kafka:0:11', encodeMeta(metaOf(EVENT)));
    await quarantine('kafka:0:12', Buffer.from('{}'));
    await quarantine('kafka:0:13', encodeMeta(metaOf(OTHER)));
    const counted = await run('replay', 'quarantined', '--all');
    assert.deepEqual([counted.exitCode, counted.out], [1, '3 quarantined records.']);
    assert.match(counted.err, /^error \[ACKLINE_USAGE\] Nothing is put back: .* so it takes --yes – /);
    answers.push(false);
    const refused = await run('replay', 'quarantined', '--all');
    assert.deepEqual([refused.exitCode, refused.out], [0, '3 quarantined records.\nNothing is put back.']);
    assert.equal((await rowsOf('select from inbox')).length, 0);
    answers.push(true);
    const { out } = await run('replay', 'quarantined', '--all');
    assert.match(out, /\n2 of 3 quarantined records are in the inbox again\. 1 stay as they are\.$/);
    assert.deepEqual(await rowsOf('select id from inbox order by n'), [{ id: EVENT }, { id: OTHER }]);
    assert.deepEqual(await rowsOf('select id from quarantine'), [{ id: '2' }]);
  });

  it('go back at the pace that is said, 50 a second by default', async () => {
    for (const [n, id] of [EVENT, OTHER].entries()) await quarantine(`kafka:0:${n}`, encodeMeta(metaOf(id)));
    const begun = performance.now();
    await run('replay', 'quarantined', '--all', '--yes', '--rate', '2');
    assert.ok(
      performance.now() - begun > 490,
      'the second one half a second later, however fast the machine is',
    );
    assert.equal((await rowsOf('select from inbox')).length, 2);
    assert.match(
      (await run('replay', 'quarantined', '--help')).out,
      /--rate <number> [^]*?\(default:\s+50\)/,
    );
    assert.match(
      (await run('replay', 'quarantined', '--all', '--rate', '501')).err,
      /\[ACKLINE_USAGE\] .*a number over 0, up to 500/,
    );
  });

  it('that nobody names are not touched', async () => {
    assert.match(
      (await run('replay', 'quarantined')).err,
      /\[ACKLINE_USAGE\] Give the number of one record, or --all/,
    );
    assert.match((await run('replay', 'quarantined', '1', '--all')).err, /\[ACKLINE_USAGE\] Give the number/);
    assert.match(
      (await run('replay', 'quarantined', 'x')).err,
      /\[ACKLINE_USAGE\] .*number of a quarantined record/,
    );
  });
});
