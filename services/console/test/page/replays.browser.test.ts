import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { lookAtPage } from '@ackline/testkit/page-looks';
import { waitFor } from '@ackline/testkit/wait-for';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

describe('the replays pages', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed();
  });
  after(() => bed[Symbol.asyncDispose]());

  const announce = async () => {
    const { json } = await bed.console.call('createReplay', { body: { filter: { cause: 'crm 503' } } });
    await waitFor(
      async () =>
        (await bed.console.call('readReplay', { params: { id: json.id } })).json.state === 'announced',
    );
    return String(json.id);
  };

  it('teach what a replay is, where there is none', async () => {
    await using tab = await bed.open('/replays');
    await tab.page.getByRole('heading', { name: 'Nothing has been replayed yet' }).waitFor();
    await tab.page.getByRole('main').getByRole('link', { name: 'Parked' }).click();
    await tab.page.waitForURL('**/parked');
  });

  it('list them, and lead to one that is started, stopped, continued and cancelled, by keyboard alone', async () => {
    for (let n = 0; n < 12; n++)
      await storeEvent(bed.pool, { deliveries: [{ state: 'parked', attempts: [{ status: 503 }] }] });
    const id = await announce();
    await using tab = await bed.open('/replays');
    const { page } = tab;
    const row = page.getByRole('table', { name: 'Replays, the newest first' }).locator('[data-index="0"]');
    await row.filter({ hasText: 'waits for start' }).filter({ hasText: '0 of 12' }).waitFor();
    await lookAtPage(tab, 'replays');
    await row.getByRole('link').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/replays/${id}`);
    await page.getByText('12 deliveries would be sent again, 5 first').waitFor();

    const press = async (button: string, dialog: string) => {
      await page.getByRole('region', { name: 'Replay' }).getByRole('button', { name: button }).press('Enter');
      await page.getByRole('alertdialog', { name: dialog }).waitFor();
      for (const key of ['Tab', 'Enter']) await page.keyboard.press(key);
    };
    await press('Start', 'Send them again?');
    await page.getByText('The first few are on their way').waitFor();
    // As a processor would: one of its trickle is parked again.
    await bed.pool.query(
      "update replays set state = 'stopped', released = 5, reason = '3 of 5 failed again' where id = $1",
      [id],
    );
    await page.getByText('Stopped: 3 of 5 failed again. 7 deliveries left as they are.').waitFor();
    await page.getByText('5 of 12 sent').waitFor();
    await lookAtPage(tab, 'replay-stopped');
    await press('Continue', 'Go on with the replay?');
    await page.getByText('The first few are on their way').waitFor();
    await press('Cancel', 'End the replay?');
    await page.getByText('Cancelled. 7 deliveries left as they are.').waitFor();
    assert.equal(await page.getByRole('region', { name: 'Replay' }).getByRole('button').count(), 0);
  });

  it('are readable pages where there is no such replay', async () => {
    await using tab = await bed.open(`/replays/${randomUUID()}`);
    tab.expect(/status of 404/);
    await tab.page.getByRole('heading', { name: 'This replay is not here' }).waitFor();
  });
});
