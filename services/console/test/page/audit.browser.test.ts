import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { noteAudit } from '@ackline/store/audit';
import { createToken } from '@ackline/store/console-tokens';
import { pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { lookAtPage } from '@ackline/testkit/page-looks';
import type { Page } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';

/** With the others a page of the API and a part of the next one. */
const LOOKS = 50;

describe('the page of the audit', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed();
    for (let n = 0; n < LOOKS; n++)
      await noteAudit(bed.pool, {
        actor: 'token:support',
        action: 'payload.viewed',
        subject: randomUUID(),
        details: { bytes: 27 },
      });
    await pauseDestination(bed.pool, 'crm', { reason: 'moves to another host', actor: 'anna@ops-1' });
    await resumeDestination(bed.pool, 'crm', 'ben@ops-1');
  });
  after(() => bed[Symbol.asyncDispose]());

  const entriesOf = (page: Page) =>
    page.getByRole('list', { name: 'What was done, the newest first' }).getByRole('listitem');

  it('shows who did what, with before and after, page by page', async () => {
    await using tab = await bed.open('/audit');
    const { page } = tab;
    const paused = entriesOf(page).filter({ hasText: 'destination.paused' });
    await paused.getByText('anna@ops-1').waitFor();
    assert.equal(await paused.locator('del').textContent(), 'before: active');
    assert.equal(await paused.locator('ins').textContent(), 'after: paused');
    await paused.getByText('moves to another host').waitFor();
    await lookAtPage(tab, 'audit');
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByText('That is all.').waitFor();
    assert.equal(await entriesOf(page).count(), LOOKS + 2);
  });

  it('keeps what it shows where older entries can not be had, and has them once they can', async () => {
    await using tab = await bed.open('/audit');
    const { page } = tab;
    const olderCalls = /\/api\/v1\/audit\?.*cursor=/;
    tab.expect(/Failed to load resource/);
    await page.route(olderCalls, route => route.fulfill({ status: 500 }));
    await entriesOf(page).first().waitFor();
    const shown = await entriesOf(page).count();
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByRole('alert').getByText('The answer was 500').waitFor();
    assert.equal(await entriesOf(page).count(), shown);
    await page.unroute(olderCalls);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('That is all.').waitFor();
    assert.equal(await entriesOf(page).count(), LOOKS + 2);
  });

  it('has its filters in the address, set by keyboard alone', async () => {
    await using tab = await bed.open('/audit');
    const { page } = tab;
    await entriesOf(page).first().waitFor();
    await page.getByLabel('Who').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.type('destination.paused');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/audit?action=destination.paused');
    await entriesOf(page).nth(1).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'crm' }).press('Enter');
    await page.waitForURL('**/audit?subject=crm');
    await entriesOf(page).filter({ hasText: 'ben@ops-1' }).waitFor();
    assert.equal(await entriesOf(page).count(), 2);
    await page.goto('/audit?actor=nobody');
    await page.getByRole('heading', { name: 'Nothing is like this' }).waitFor();
  });

  it('says why a tenant sees none of it, in place of an error', async () => {
    const wish = {
      name: 'azure',
      scopes: ['view'] as const,
      tenant: 'azure',
      expiresInMs: null,
      actor: 'me',
    };
    const headers = { authorization: `Bearer ${await createToken(bed.pool, wish)}` };
    await using tab = await bed.open('/audit', { headers });
    await tab.page.getByRole('heading', { name: 'The entries of the audit are about all tenants' }).waitFor();
    assert.equal(await tab.page.getByRole('alert').count(), 0);
  });
});
