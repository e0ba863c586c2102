import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { lookAtPage } from '@ackline/testkit/page-looks';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Page } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

/** Over a page of the API. */
const CRM = 60;
/** Longer than a phone is wide. */
const LONG = 'a-destination-with-a-rather-long-name-for-billing-and-invoices';

describe('the parked page', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed();
  });
  after(() => bed[Symbol.asyncDispose]());

  const park = (destination: string, status: number) =>
    storeEvent(bed.pool, {
      deliveries: [{ destination, state: 'parked', attempts: [{ status, outcome: 'park' }] }],
    });
  const rowsOf = (page: Page) =>
    page.getByRole('table', { name: 'Parked deliveries, the newest first' }).locator('[data-index]');
  const panel = (page: Page) => page.getByRole('region', { name: 'Replay' });

  it('teaches what parked is, where nothing is', async () => {
    await using tab = await bed.open('/parked');
    await tab.page.getByRole('heading', { name: 'No delivery is parked' }).waitFor();
    await lookAtPage(tab, 'parked-empty');
  });

  it('says what could not be stored, to who sees all tenants, and how it is put back', async () => {
    await bed.pool.query(
      `insert into quarantine (origin, reason, key_id, meta, body)
       select 'kafka:0:' || n, 'unreadable <b>', 'none', 'a secret', 'a secret' from generate_series(1, 7) n`,
    );
    await using tab = await bed.open('/parked');
    const region = tab.page.getByRole('region', { name: '7 records could not be stored' });
    await region.getByText('npx ackline replay quarantined --all').waitFor();
    assert.equal(await region.getByText(/unreadable <b> kafka:0:[3-7]$/).count(), 5);
    await lookAtPage(tab, 'parked-quarantined');
    await bed.pool.query('delete from quarantine');
    await region.waitFor({ state: 'detached' });
  });

  it('goes from a cause to its deliveries, by links that can be sent to somebody', async () => {
    for (let n = 0; n < CRM; n++) await park('crm', 503);
    const { id } = await park('bot', 400);
    await park(LONG, 422);
    await using tab = await bed.open('/parked');
    const { page } = tab;
    const causes = page.getByRole('main').getByRole('listitem');
    await causes
      .first()
      .filter({ hasText: `${CRM} deliveries` })
      .waitFor();
    assert.equal(await causes.count(), 3);
    await lookAtPage(tab, 'parked-causes');
    await page.getByRole('link', { name: 'Example of bot 400' }).click();
    await page.waitForURL(`**/events/${id}`);
    await page.goBack();
    await page.getByRole('link', { name: 'crm 503', exact: true }).press('Enter');
    await page.waitForURL('**/parked?cause=crm+503');
    await page.getByRole('heading', { name: 'Parked: crm 503' }).waitFor();
    await rowsOf(page).first().waitFor();
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByText('That is all.').waitFor();
    assert.match(
      (await page.getByRole('table').getAttribute('aria-rowcount')) ?? '',
      new RegExp(`^${CRM + 1}$`),
    );
    await page.evaluate('scrollTo(0, 0)');
    await lookAtPage(tab, 'parked-group');
    await rowsOf(page).first().getByRole('link').press('Enter');
    await page.getByRole('heading', { name: 'Event message' }).waitFor();
  });

  it('gives one up, by keyboard alone', async () => {
    await using tab = await bed.open('/parked?cause=bot+400');
    const { page } = tab;
    await rowsOf(page).getByRole('link').focus();
    for (const key of ['Tab', 'Tab', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('alertdialog', { name: 'Give this delivery up?' }).waitFor();
    for (const key of ['Tab', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('heading', { name: 'Nothing is parked like this' }).waitFor();
  });

  it('gives up all of a cause that was seen, and nothing that came later', async () => {
    for (let n = 0; n < 3; n++) await park('erp', 422);
    await using tab = await bed.open('/parked?cause=erp+422');
    const { page } = tab;
    await page.getByRole('button', { name: 'Discard this group' }).press('Enter');
    const dialog = page.getByRole('alertdialog', { name: 'Give all of them up?' });
    await dialog.waitFor();
    await lookAtPage(tab, 'parked-discard');
    const later = await park('erp', 422);
    await dialog.getByRole('button', { name: 'Discard 3 deliveries' }).press('Enter');
    await page.getByText('3 deliveries discarded').waitFor();
    await waitFor(async () => (await rowsOf(page).count()) === 1);
    await rowsOf(page).getByRole('link').press('Enter');
    await page.waitForURL(`**/events/${later.id}`);
    // A group that is not the whole of its cause has no such button.
    await page.goto('/parked?cause=erp+422&source=crimson-hooks');
    await page.getByRole('button', { name: 'Count and replay this group' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Discard this group' }).count(), 0);
  });

  it('counts a group before it is sent again, and sends nothing that was not started', async () => {
    await using tab = await bed.open('/parked?cause=crm+503');
    const { page } = tab;
    await page.getByRole('button', { name: 'Count and replay this group' }).press('Enter');
    await panel(page).getByText(`${CRM} deliveries would be sent again, 5 first`).waitFor();
    await lookAtPage(tab, 'parked-announced');
    // Somebody else looks at the same group.
    await using other = await bed.open('/parked?cause=crm+503');
    await other.page.getByRole('link', { name: /^A replay of this group by .* is not at its end$/ }).click();
    await panel(other.page).getByText(`${CRM} deliveries would be sent again`).waitFor();

    await page.getByRole('button', { name: 'Start' }).press('Enter');
    await page.getByRole('alertdialog', { name: 'Send them again?' }).waitFor();
    for (const key of ['Tab', 'Enter']) await page.keyboard.press(key);
    await panel(page).getByText('The first few are on their way').waitFor();

    other.expect(/status of 409/);
    await other.page.getByRole('button', { name: 'Start' }).click();
    await other.page.getByRole('alertdialog').getByRole('button', { name: 'Start' }).click();
    await other.page.getByText('The replay is trickle: start is for one that is announced').first().waitFor();
    await panel(other.page).getByText('The first few are on their way').waitFor();
  });

  it('says why a further group is not counted', async () => {
    for (let n = 0; n < 3; n++) {
      const { json } = await bed.console.call('createReplay', { body: { filter: { destination: 'crm' } } });
      await untilAnnounced(bed, json.id);
    }
    await using tab = await bed.open('/parked?cause=crm+503');
    tab.expect(/status of 409/);
    await tab.page.getByRole('button', { name: 'Count and replay this group' }).click();
    await tab.page.getByRole('alert').getByText('ACKLINE_REPLAYS_NOT_STARTED').waitFor();
  });
});

async function untilAnnounced({ console }: PageBed, id: string): Promise<void> {
  await waitFor(
    async () => (await console.call('readReplay', { params: { id } })).json.state === 'announced',
  );
}
