import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MetricRow } from '@ackline/runtime/metric-rows/metric-row';
import { metricTable } from '@ackline/runtime/metric-table';
import { processMetrics } from '@ackline/runtime/process-metrics';
import { migrate } from '@ackline/store/migrate';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { compareWithDocs } from '@ackline/testkit/documented-metrics';
import { type Scrape, scrape } from '@ackline/testkit/scrape';
import { waitFor } from '@ackline/testkit/wait-for';
import { type StartedConsole, startConsole, urlOf } from './support/console.ts';

/** There is a sample only while one is under way at that moment, or once Node has collected garbage. */
const MOMENTARY = ['nodejs_active_requests', 'nodejs_gc_duration_seconds'];
const REQUESTS = 'ackline_console_requests_total';
const SECONDS = 'ackline_console_request_seconds_count';
const CLIENTS = 'ackline_console_stream_clients';

const rows: readonly MetricRow[] = Object.values(metricTable);
const documented = [
  ...rows.filter(({ services }) => services.includes('console')),
  ...processMetrics.map(row => (MOMENTARY.includes(row.name) ? { ...row, needs: 'luck' } : row)),
];

describe('the metrics of a console', () => {
  let database: TestDatabase;
  let started: StartedConsole;
  before(async () => {
    database = await createTestDatabase();
    await migrate(database.url);
    started = await startConsole({ databaseUrl: database.url });
  });
  after(async () => {
    await started[Symbol.asyncDispose]();
    await database.close();
  });

  /** A request is counted once its connection has seen the end of the answer. */
  const scraped = (isThere: (seen: Scrape) => boolean) =>
    waitFor(async () => {
      const seen = await scrape(started.opsUrl);
      return isThere(seen) ? seen : null;
    });

  it('count each request by its call and how it ended, and by nothing that it brings', async () => {
    assert.equal((await started.call('listEvents')).status, 200);
    assert.equal((await started.call('listEvents', { query: { limit: '-1' } })).status, 400);
    assert.equal((await fetch(`${started.url}/wp-login.php`)).status, 404);
    const seen = await scraped(one => one.value(REQUESTS, { call: 'other', class: '4xx' }) === 1);
    assert.equal(seen.value(REQUESTS, { call: 'listEvents', class: '2xx' }), 1);
    assert.equal(seen.value(REQUESTS, { call: 'listEvents', class: '4xx' }), 1);
    assert.equal(seen.value(SECONDS, { call: 'listEvents' }), 2);
    assert.ok(!seen.samples.some(({ labels }) => Object.values(labels).some(value => value.includes('wp-'))));
  });

  it('show who follows live, for as long as they do, and how long is no time of a call', async () => {
    const leave = new AbortController();
    await fetch(urlOf(started.url, 'streamEvents', {}), { signal: leave.signal });
    await scraped(seen => seen.value(CLIENTS) === 1);
    leave.abort();
    const seen = await scraped(one => one.value(REQUESTS, { call: 'streamEvents', class: '2xx' }) === 1);
    assert.equal(seen.value(CLIENTS), 0);
    assert.equal(seen.value(SECONDS, { call: 'streamEvents' }), null);
  });

  it('are those of docs/metrics.md, and none beside them', async () => {
    await started.call('readCaller');
    const { samples } = await scraped(seen => seen.value(SECONDS, { call: 'readCaller' }) === 1);
    const { missing, unknown } = compareWithDocs(samples, documented, ['a secret in a file']);
    assert.deepEqual({ missing, unknown }, { missing: [], unknown: [] });
  });
});
