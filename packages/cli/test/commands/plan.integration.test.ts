import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import pg from 'pg';
import { ranCli } from '../ran-cli.ts';

const file = (routes: string) => `
sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
routes: ${routes}
destinations: [{ name: bot, type: http, url: 'http://127.0.0.1:1/updates' }]
`;
const META = {
  source: 'telegram',
  tenant: 'default',
  provider: 'telegram',
  type: 'message',
  orderingKey: null,
  occurredAt: null,
  receivedAt: 1_795_372_800_000,
  method: 'POST',
  url: 'https://hooks.example.com/webhook/telegram',
  headers: [],
  priority: 'normal',
  traceparent: null,
  notBefore: null,
} as const;

describe('ackline plan', () => {
  let folder: string;
  let database: TestDatabase;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-plan-'));
    await writeFile(join(folder, 'ackline.yaml'), file('[{ name: all, destination: bot }]'));
    database = await createTestDatabase();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    for (let n = 0; n < 250; n++) {
      const id = crypto.randomUUID();
      const meta = encodeMeta({ ...META, id, dedupKey: id });
      await client.query(
        `insert into events (seq, id, source, tenant, provider, type, dedup_key, received_at, stored_at, priority, tier, routing,
                             key_id, meta, body)
         values ($1, $2, 'telegram', 'default', 'telegram', 'message', 'k', now(), now() - $3 * interval '1 minute', 'normal', 'inbox',
                 'routed', 'none', $4, $5)`,
        [n + 1, id, n < 10 ? 90 : 0, n === 249 ? Buffer.from('damaged') : meta, `{"n":${n}}`],
      );
    }
    await client.end();
  });
  after(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]) =>
    ranCli(['plan', ...args], {
      folder,
      environment: { DATABASE_URL: database.url, ACKLINE_CONFIG: join(folder, 'ackline.yaml') },
    });
  async function candidate(routes: string): Promise<string> {
    const path = join(folder, 'new.yaml');
    await writeFile(path, file(routes));
    return path;
  }

  it('evaluates both files on the events of the last hour, page after page', async () => {
    const path = await candidate(
      '[{ name: all, match: { where: { body.n: { $lt: 200 } } }, destination: bot }]',
    );
    const { exitCode, out } = await run(path, '--json', '--fail-on-change');
    const plan = JSON.parse(out);
    assert.equal(exitCode, 2);
    assert.deepEqual([plan.events, plan.unreadable], [239, 1]);
    const [{ now, next, lost, gained }] = plan.routes;
    assert.deepEqual([now, next, lost.count, gained.count, lost.examples.length], [239, 190, 49, 0, 3]);
    assert.deepEqual(plan.untaken.next, 49);
  });

  it('looks as far back as it is told, at so many', async () => {
    const path = await candidate('[{ name: all, destination: bot }]');
    const { exitCode, out } = await run(path, '--json', '--fail-on-change', '--since', '2h');
    assert.deepEqual([exitCode, JSON.parse(out).events], [0, 249]);
    assert.equal(JSON.parse((await run(path, '--json', '--limit', '120')).out).events, 119);
    assert.match(
      (await run(path)).out,
      /^239 stored events by .*ackline\.yaml \(now\) and .*new\.yaml \(then\); nothing was sent\./,
    );
  });

  it('takes a destination that becomes a handler for the one that it was: the same events go there', async () => {
    const path = await candidate('[{ name: all, destination: bot }]');
    const text = file('[{ name: all, destination: bot }]');
    await writeFile(path, text.replace(/type: http, url: .* \}/, 'type: handler, module: ./bot.ts }'));
    const { exitCode, out, err } = await run(path, '--json', '--fail-on-change');
    assert.equal(exitCode, 0, err);
    const [bot] = JSON.parse(out).destinations;
    assert.deepEqual([bot.now, bot.next, bot.ordering], [239, 239, { now: 'none', next: 'none' }]);
  });

  it('refuses a file with mistakes, and a time that is none', async () => {
    const path = await candidate('[{ name: all, destination: nowhere }]');
    const wrong = await run(path);
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.err, /there is no destination of this name/);
    assert.match((await run(path, '--since', 'long')).err, /It must be a duration such as 30m, 1h or 2d/);
  });
});
