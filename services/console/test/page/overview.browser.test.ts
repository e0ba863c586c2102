import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ACK_BUCKETS } from '@ackline/store/ack-buckets';
import { createToken } from '@ackline/store/console-tokens';
import { addTotals } from '@ackline/store/totals';
import { lookAtPage } from '@ackline/testkit/page-looks';
import type { Page } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

const MINUTE_MS = 60_000;

describe('the overview page', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed();
    for (let minute = 1; minute < 58; minute++) await tell(bed, minute);
    await storeEvent(bed.pool, { deliveries: [{ state: 'parked' }] });
    await bed.pool.query(`insert into destination_states (name, status, failures, reopens_at)
      values ('bot', 'OPEN', 10, now() + interval '40 seconds')`);
  });
  after(() => bed[Symbol.asyncDispose]());

  const tile = (page: Page, title: string) =>
    page.getByRole('list', { name: 'Now' }).getByRole('listitem').filter({ hasText: title });
  const chart = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true });

  it('is the first page, with what is so now and lines of what was', async () => {
    await using tab = await bed.open('/');
    const { page } = tab;
    await page.waitForURL('**/overview');
    await tile(page, 'Takes events').filter({ hasText: 'inbox' }).waitFor();
    await tile(page, 'Breakers open').filter({ hasText: '1 of 2' }).filter({ hasText: 'bot' }).waitFor();
    await tile(page, 'Parked')
      .filter({ hasText: '1' })
      .filter({ hasText: /ago|just now/ })
      .waitFor();
    await tile(page, 'Answers in')
      .filter({ hasText: /p99\d+ ms/ })
      .waitFor();
    await tile(page, 'Lag').filter({ hasText: 'no processor runs' }).waitFor();
    for (const title of ['Time to the answer', 'Accepted, by tier', 'Accepted, by source', 'Deliveries'])
      await chart(page, title).locator('canvas').waitFor();
    assert.deepEqual(await page.evaluate(DRAWN), [true, true, true, true]);
    await page.getByText('Totals are kept per minute').waitFor();
    await lookAtPage(tab, 'overview');
  });

  it('says in a table what a chart shows, by keyboard alone', async () => {
    await using tab = await bed.open('/overview');
    const { page } = tab;
    const deliveries = chart(page, 'Deliveries');
    await deliveries.getByText('As a table').focus();
    await page.keyboard.press('Enter');
    const table = page.getByRole('region', { name: 'Deliveries, as a table' });
    await table.getByRole('columnheader', { name: 'failed attempts' }).waitFor();
    const rows = await table.getByRole('row').count();
    assert.ok(rows >= 58 && rows <= 62, String(rows));
    await table.getByRole('cell', { name: '2/min' }).first().waitFor();
    await page.keyboard.press('Tab');
    await page.locator('.chart-table:focus').waitFor();
    await page.getByRole('link', { name: '24 hours' }).press('Enter');
    await page.waitForURL('**/overview?range=24h');
    await page.getByText(/A point is \d+ minutes/).waitFor();
    assert.equal(await page.locator('.ranges [aria-current]').textContent(), '24 hours');
  });

  it('shows a tenant its own figures, and teaches the next step where nothing came', async () => {
    const wish = {
      name: 'azure',
      scopes: ['view'] as const,
      tenant: 'azure',
      expiresInMs: null,
      actor: 'me',
    };
    const headers = { authorization: `Bearer ${await createToken(bed.pool, wish)}` };
    await using tab = await bed.open('/overview', { headers });
    const { page } = tab;
    await page.getByRole('heading', { name: 'Nothing has come in the last 1 hour' }).waitFor();
    await page.getByText('npx ackline send <source>').waitFor();
    assert.equal(await tile(page, 'Lag').count(), 0);
    await lookAtPage(tab, 'overview-empty');
  });
});

/** Of each canvas: whether there are pixels of a line in it, which are neither grey nor clear. */
const DRAWN = `[...document.querySelectorAll('.plot canvas')].map(canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 200 && Math.abs(data[at] - data[at + 2]) > 80) return true;
  return false;
})`;

/** As an ingress and a processor tell it, so many minutes ago. */
async function tell({ pool }: PageBed, minutesAgo: number): Promise<void> {
  const at = new Date(Math.floor(Date.now() / MINUTE_MS - minutesAgo) * MINUTE_MS);
  const source = 'crimson-hooks';
  const count = Math.round(120 + 60 * Math.sin(minutesAgo / 6));
  const acks = Array.from({ length: ACK_BUCKETS }, (_, place) =>
    place > 3 && place < 9 ? count >> (place - 4) : 0,
  );
  const accepted = { acceptedKafka: 0, acceptedInbox: count, acceptedSpool: minutesAgo === 30 ? 40 : 0 };
  await addTotals(pool, at, {
    sources: [{ source, tenant: 'crimson', ...accepted, acks, storedKafka: 0, storedInbox: count }],
    deliveries: [
      { source, tenant: 'crimson', destination: 'crm', delivered: count - 2, failed: 2, parked: 0 },
    ],
  });
}
