import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import { processMetrics } from '@ackline/runtime/process-metrics';
import { metricTable } from '@ackline/runtime/metric-table';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { compareWithDocs } from '@ackline/testkit/documented-metrics';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { scrape } from '@ackline/testkit/scrape';
import { spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { appendToInbox, openPool, sampleEvent } from './events.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** There is a sample only while one is under way at that moment. */
const MOMENTARY = ['nodejs_active_requests'];

const HERE = ['a handler', 'a call of a handler'];

const rows: readonly MetricRow[] = Object.values(metricTable);
const documented = [
  ...rows.filter(({ services }) => services.includes('processor')),
  ...processMetrics.map(row => (MOMENTARY.includes(row.name) ? { ...row, needs: 'luck' } : row)),
];

describe('a processor', () => {
  let folder: string;
  let database: TestDatabase;
  let pool: Pool;
  let receiver: FakeReceiver;
  /** What the handler calls. */
  let other: FakeReceiver;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-processor-'));
    database = await createTestDatabase();
    pool = openPool(database.url);
    [receiver, other] = await Promise.all([startFakeReceiver(), startFakeReceiver()]);
    await writeFile(
      join(folder, 'ackline.yaml'),
      `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
routes: [{ name: all, destination: crm, history: failures }, { name: bot, destination: bot }]
destinations:
  - { name: crm, type: http, url: ${receiver.url}/hook, breaker: { failures: 1, reset: 1h } }
  - { name: bot, type: handler, module: ./bot.ts, settings: { url: ${other.url} } }
`,
    );
    await writeFile(
      join(folder, 'bot.ts'),
      `import { any } from '@ackline/handlers/any';
import { defineHandler } from '@ackline/handlers/define-handler';
export const bot = defineHandler({ name: 'bot', source: any, async handle(_, ctx) { await ctx.http.get(ctx.settings.url); } });
`,
    );
  });
  after(async () => {
    await Promise.all([receiver.close(), other.close()]);
    await pool.end();
    await database.close();
    await rm(folder, { recursive: true });
  });

  it('shows every metric of docs/metrics.md that needs no Kafka, and none beside them, with what PostgreSQL holds', async t => {
    await pool.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, created_at,
                               finished_at, attempts)
       select gen_random_uuid(), current_date, nextval('event_seq'), gen_random_uuid(), 's', 't', 'r', d, 'normal', s,
              now() - interval '1 hour', case when s = 'parked' then now() end, a::jsonb
         from (values ('gone', 'due', '[]'), ('gone', 'due', '[]'), ('crm', 'parked', '[{"status":400}]')) as v (d, s, a)`,
    );
    receiver.script({ status: 200 });
    const event = sampleEvent();
    await appendToInbox(pool, [event]);
    const operations = `http://127.0.0.1:${await freePort()}`;
    await using service = await spawnService(MAIN, {
      cwd: folder,
      readyUrl: `${operations}/readyz`,
      env: {
        DATABASE_URL: database.url,
        OPS_HOST: '127.0.0.1',
        OPS_PORT: new URL(operations).port,
        TOKEN: 'x',
      },
    });
    const until = (name: string, labels: Record<string, string>, value: number) =>
      waitFor(async () => (await scrape(operations)).value(name, labels) === value, {
        what: `${name} ${JSON.stringify(labels)} to be ${value}`,
        timeoutMs: 60_000,
      });
    await until('ackline_delivery_attempts_total', { destination: 'crm', outcome: 'delivered' }, 1);
    receiver.always({ status: 503 });
    await appendToInbox(pool, [sampleEvent()]);
    await until('ackline_breaker_openings_total', { breaker: 'crm' }, 1);
    await until('ackline_deliveries_open', { destination: 'crm', state: 'due' }, 1); // read every 15 s
    await waitFor(async () => {
      // A collection of garbage may not have happened yet.
      const { samples } = await scrape(operations);
      return compareWithDocs(samples, documented, HERE).missing.length === 0;
    }).catch(() => undefined); // what is missing is said below

    const found = await scrape(operations);
    const { missing, unknown, skipped } = compareWithDocs(found.samples, documented, HERE);
    t.diagnostic(`not asked for here: ${skipped.join(', ')}`);
    assert.deepEqual({ missing, unknown }, { missing: [], unknown: [] });
    assert.equal(found.value('ackline_deliveries_held', { destination: 'gone' }), 2);
    assert.equal(found.value('ackline_deliveries_held', { destination: 'crm' }), 1);
    assert.equal(found.value('ackline_deliveries_parked', { cause: 'crm 400' }), 1);
    assert.equal(found.value('ackline_deliveries_parked', { cause: 'other' }), 0);
    assert.ok((found.value('ackline_deliveries_oldest_age_seconds', { destination: 'gone' }) ?? 0) >= 3_600);
    assert.ok((found.value('ackline_deliveries_oldest_age_seconds', { destination: 'crm' }) ?? 0) < 3_600);
    assert.equal(found.value('ackline_events_unrouted'), 0);
    assert.equal(found.value('ackline_quarantined_records'), 0);
    assert.ok((found.value('ackline_work_figures_age_seconds') ?? 60) < 60);
    assert.equal(found.value('ackline_handler_ready', { destination: 'bot' }), 1);
    assert.equal(found.value('ackline_inbox_rows'), 0);
    assert.equal(found.value('ackline_postgres_pool_max_connections', { pool: 'ackline-processor' }), 50);
    assert.equal((await service.stop()).code, 0, service.output());
  });
});
