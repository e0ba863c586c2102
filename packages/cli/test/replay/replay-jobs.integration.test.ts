import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import pg from 'pg';
import { operatorName } from '@ackline/runtime/operator-name';
import { ranCli } from '../ran-cli.ts';

const PARKED = '019ab2c4-0000-7000-8000-00000000000a';
const MISSING = '019ab2c4-0000-7000-8000-0000000000ff';
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

describe('replays of many, by command', () => {
  let database: TestDatabase;
  let client: pg.Client;
  before(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  beforeEach(async () => {
    await client.query('truncate deliveries, finished_deliveries, replays, replay_items, replay_ends, audit');
    await client.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, tries,
                               park_reason, finished_at, attempts)
       select case when n = 1 then '${PARKED}' else gen_random_uuid() end, current_date, n, gen_random_uuid(), 'telegram', 'default',
              'everything', case when n <= 12 then 'bot' else 'erp' end, 'normal', 'parked', 7, 'exhausted', now(), '[{"status": 500}]'
         from generate_series(1, 15) n`,
    );
  });
  after(async () => {
    await client.end();
    await database.close();
  });

  const answers: boolean[] = [];
  const asked: string[] = [];

  async function run(...args: string[]) {
    const answer = answers.shift();
    const confirm = (question: string) => {
      asked.push(question);
      return Promise.resolve(answer === true);
    };
    return ranCli(args, {
      ...(answer === undefined ? {} : { confirm }),
      environment: { DATABASE_URL: database.url },
    });
  }
  const json = (text: string) => text.split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
  async function states(): Promise<readonly string[]> {
    return json((await run('replay', 'list', '--json')).out).map(replay => String(replay['state']));
  }
  async function startOne(): Promise<string> {
    const { out } = await run('replay', 'start', '--destination', 'bot', '--yes');
    const id = UUID.exec(out)?.[0];
    assert.ok(id);
    return id;
  }

  it('are counted first, with the time they will take, and started once a person has said yes', async () => {
    answers.push(true);
    const { exitCode, out } = await run(
      'replay',
      'start',
      '--cause',
      'bot 500',
      '--rate',
      '2',
      '--trickle',
      '3',
    );
    assert.equal(exitCode, 0);
    assert.match(
      out,
      /^12 parked deliveries with the cause "bot 500", at 2 a second: about 6\.0 s; 3 go first, the others when these have arrived\.\n/,
    );
    assert.match(out, new RegExp(`\\n${UUID.source} is started\\. .*ackline replay status ${UUID.source}$`));
    assert.deepEqual(asked, ['Start?']);
    assert.deepEqual(await states(), ['trickle']);
  });

  it('that a person says no to send nothing', async () => {
    answers.push(false);
    const { exitCode, out } = await run('replay', 'start', '--source', 'telegram');
    assert.deepEqual([exitCode, out.split('\n').at(-1)], [0, 'Nothing is sent.']);
    assert.deepEqual(await states(), ['cancelled']);
  });

  it('that nobody can be asked about send nothing, and say what to do', async () => {
    const { exitCode, out, err } = await run('replay', 'start', '--source', 'telegram');
    assert.equal(exitCode, 1);
    assert.match(out, /^15 parked deliveries of the source telegram/);
    assert.match(
      err,
      /^error \[ACKLINE_USAGE\] Nothing is sent: there is no terminal to ask on, so it takes --yes/,
    );
    assert.deepEqual(await states(), ['cancelled']);
  });

  it('of nothing, of everything by mistake, or of what does not go together are refused', async () => {
    const errorOf = async (...args: string[]) => (await run('replay', 'start', '--yes', ...args)).err;
    assert.match(
      await errorOf('--cause', 'bot 503'),
      /\[ACKLINE_NOT_FOUND\] No parked delivery is of this filter/,
    );
    assert.match(await errorOf(), /\[ACKLINE_USAGE\] Say which deliveries are to be sent/);
    assert.match(
      await errorOf('--cause', 'x', '--state', 'delivered'),
      /\[ACKLINE_USAGE\] Only what is parked has a cause/,
    );
    assert.match(
      await errorOf('--since', '1h', '--until', '2h'),
      /\[ACKLINE_USAGE\] --since is later than --until/,
    );
    assert.match(
      await errorOf('--since', 'yesterday'),
      /\[ACKLINE_USAGE\] .*age such as 30m.* – see `npx ackline replay start --help`/,
    );
    for (const age of ['999999d', '999999h', '0000-01-01']) {
      assert.match(
        await errorOf('--since', age),
        /^error \[ACKLINE_USAGE\] .*'--since <time>' argument '\S+' is invalid\. It is before the year 2000 – see `npx ackline replay start --help`$/,
      );
    }
    assert.match(await errorOf('--until', '9999-01-01'), /\[ACKLINE_USAGE\] .*It is still to come/);
    assert.match(await errorOf('--state', 'due'), /\[ACKLINE_USAGE\] .*parked, delivered, discarded/);
    assert.match(await errorOf('--rate', '0'), /\[ACKLINE_USAGE\]/);
    // No processor comes to more: it would be promised and not reached.
    assert.match(await errorOf('--rate', '501'), /\[ACKLINE_USAGE\] .*It must be a number over 0, up to 500/);
    assert.equal((await run('replay', 'list')).out, 'Nothing was replayed by a filter yet.');
  });

  it('show how far they are', async () => {
    const id = await startOne();
    await client.query(
      `update replays set released = 9, skipped = 1, delivered = 2, state = 'stopped', reason = 'bot 503'`,
    );
    await client.query(
      'insert into replay_ends (replay_id, delivered, discarded) values ($1, 1, 0), ($1, 0, 1)',
      [id],
    );
    await client.query(
      `update deliveries set replay_id = $1, state = case seq when 2 then state else 'due' end, tries = seq - 1 where seq <= 3`,
      [id],
    );
    const { out } = await run('replay', 'status', id);
    assert.match(out, new RegExp(`^Replay ${id}, by ${operatorName()} at .*: stopped: bot 503\\n`));
    assert.match(out, /\n  counted   12 parked deliveries to bot\n/);
    assert.match(
      out,
      /\n  released  9: 3 delivered, 1 under way, 1 failed and tried again, 1 parked again, 1 discarded, 2 not known\n/,
    );
    assert.match(
      out,
      /\n  skipped   1, no longer as they were counted\n  left      2, at 50 a second about 40 ms\n/,
    );
    assert.match(out, new RegExp(`npx ackline replay continue ${id}$`));
    const [status] = json((await run('replay', 'status', id, '--json')).out);
    assert.deepEqual(
      [
        status?.['released'],
        status?.['left'],
        status?.['open'],
        status?.['retrying'],
        status?.['parkedAgain'],
        status?.['delivered'],
        status?.['discarded'],
        status?.['finishedAt'],
      ],
      [9, 2, 2, 1, 1, 3, 1, null],
    );
    assert.match((await run('replay', 'list')).out, new RegExp(`stopped: bot 503 +12 +9 +1 +2 +${id}`));
  });

  it('are cancelled and continued, each in its state only, and audited', async () => {
    const id = await startOne();
    assert.match(
      (await run('replay', 'continue', id)).err,
      /\[ACKLINE_USAGE\] .* is trickle: `continue` is for one that is stopped/,
    );
    await client.query(`update replays set state = 'stopped', reason = 'bot 503'`);
    assert.match((await run('replay', 'continue', id)).out, /goes on with the 12 that are left/);
    assert.match((await run('replay', 'cancel', id)).out, /is cancelled\. 12 are left as they were/);
    assert.match(
      (await run('replay', 'cancel', id)).err,
      /is cancelled: `cancel` is for one that is not finished/,
    );
    for (const command of ['status', 'cancel', 'continue']) {
      assert.match(
        (await run('replay', command, MISSING)).err,
        /\[ACKLINE_NOT_FOUND\] There is no replay with the id/,
      );
      assert.match((await run('replay', command, 'x')).err, /\[ACKLINE_USAGE\] .*id of a replay/);
    }
    const audited = json((await run('audit', '--json')).out).map(({ actor, action, subject }) => [
      actor,
      action,
      subject,
    ]);
    assert.deepEqual(
      audited,
      ['cancelled', 'continued', 'started', 'announced'].map(action => [
        operatorName(),
        `replay.${action}`,
        id,
      ]),
    );
  });

  it('leave the replay of one as it was', async () => {
    assert.match((await run('replay', PARKED)).out, /is sent to bot again/);
    assert.match((await run('replay', 'strat')).err, /\[ACKLINE_USAGE\] .*id of a delivery/);
    assert.match((await run('replay')).err, /\[ACKLINE_USAGE\] missing required argument/);
  });
});
