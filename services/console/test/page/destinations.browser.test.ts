import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createToken, type TokenScope } from '@ackline/store/console-tokens';
import { lookAtPage } from '@ackline/testkit/page-looks';
import type { Page } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

describe('the page of destinations', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed();
    for (const state of ['due', 'due', 'parked', 'delivered'] as const)
      await storeEvent(bed.pool, { deliveries: [{ state }] });
    await storeEvent(bed.pool, { deliveries: [{ state: 'due', destination: 'gone' }] });
    await bed.pool.query(`insert into destination_states (name, status, failures, reopens_at)
      values ('bot', 'OPEN', 10, now() + interval '40 seconds')`);
  });
  after(() => bed[Symbol.asyncDispose]());

  const cardOf = (page: Page, name: string) =>
    page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });
  const tokenFor = async (name: string, scopes: readonly TokenScope[], tenant: string | null) => {
    const token = await createToken(bed.pool, { name, scopes, tenant, expiresInMs: null, actor: 'me' });
    return { headers: { authorization: `Bearer ${token}` } };
  };

  it('shows each with its breaker, its work, and where it is configured', async () => {
    await using tab = await bed.open('/destinations');
    const { page } = tab;
    const crm = cardOf(page, 'crm');
    await crm.getByText('2 due').waitFor();
    await crm.getByText('1 parked').waitFor();
    await crm.getByText('breaker closed').waitFor();
    await crm.getByText('ackline.yaml:11').waitFor();
    await cardOf(page, 'bot').getByText('Held: its breaker is open. It is tried again in').waitFor();
    await cardOf(page, 'gone').getByText('1 held').waitFor();
    // Of its address nothing that may be a secret.
    assert.equal(await page.getByText('secret-path').count(), 0);
    await lookAtPage(tab, 'destinations');
    await crm.getByRole('link', { name: '1 parked' }).click();
    await page.waitForURL('**/parked?destination=crm');
  });

  it('pauses, resumes and enables by keyboard alone, with a reason, and says who paused it', async () => {
    await using tab = await bed.open('/destinations');
    const { page } = tab;
    const pause = page.getByRole('button', { name: 'Pause crm' });
    await pause.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('alertdialog', { name: 'Pause crm' });
    await dialog.getByText('2 deliveries due now').waitFor();
    await lookAtPage(tab, 'destinations-pause');
    await page.keyboard.press('Shift+Tab'); // the reason
    await page.keyboard.type('moves to another host');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab'); // behind Cancel
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'crm is paused' }).waitFor();
    await cardOf(page, 'crm')
      .getByText(/^Paused .* by .+: moves to another host$/)
      .waitFor();
    await cardOf(page, 'crm').getByText('2 held').waitFor();

    // The focus is on what the button has become.
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog', { name: 'Resume crm' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Resume crm' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog', { name: 'Resume crm' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await cardOf(page, 'crm').getByText('2 due').waitFor();

    await page.getByRole('button', { name: 'Enable bot' }).press('Enter');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Enable' }).press('Enter');
    await cardOf(page, 'bot').getByText('breaker closed').waitFor();
  });

  it('offers nothing to who may only look, and says why a tenant sees none', async () => {
    await using viewer = await bed.open('/destinations', await tokenFor('viewer', ['view'], null));
    await viewer.page.getByText('takes the scope operate').waitFor();
    assert.equal(await viewer.page.getByRole('button', { name: /Pause|Enable/ }).count(), 0);
    await using tenant = await bed.open('/destinations', await tokenFor('crimson', ['view'], 'crimson'));
    await tenant.page.getByRole('heading', { name: 'Destinations are about all tenants' }).waitFor();
    assert.equal(await tenant.page.getByRole('alert').count(), 0);
  });
});
