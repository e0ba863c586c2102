import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { insertRejection, type KeptRejection } from '@ackline/store/rejections';
import { lookAtPage } from '@ackline/testkit/page-looks';
import type { Page } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';

const ID = '018f3c1e-0000-4000-8000-00000000000a';
/** A page of the API and a part of the next one. */
const KEPT = 55;
const FIX = 'set publicUrl to https://hooks.example.com, at the top of ackline.yaml';

describe('the pages of refused requests', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed();
    for (let n = 1; n <= KEPT; n++) await insertRejection(bed.pool, refused(n));
    await insertRejection(bed.pool, {
      ...refused(0),
      requestId: ID,
      diagnosis: 'url-differs',
      what: 'valid for https://hooks.example.com/azure: set publicUrl',
      fix: FIX,
      source: 'azure-hooks',
      tried: { url: 12, secret: 0 },
      secretIndex: 0,
      skewMs: 95_000,
    });
  });
  after(() => bed[Symbol.asyncDispose]());

  const rowsOf = (page: Page) =>
    page.getByRole('table', { name: 'Refused requests, the newest first' }).locator('[data-index]');

  it('lists them with the words of the doctor, filtered by the address, page by page', async () => {
    await using tab = await bed.open('/rejected');
    const { page } = tab;
    await rowsOf(page).first().filter({ hasText: 'url-differs' }).waitFor();
    await lookAtPage(tab, 'rejected');
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByText('That is all.').waitFor();
    await page.getByLabel('Source').fill('azure-hooks');
    await page.getByLabel('Source').press('Enter');
    await page.waitForURL('**/rejected?source=azure-hooks');
    await rowsOf(page).nth(1).waitFor({ state: 'detached' });
    await page.goto('/rejected?source=nobody');
    await page.getByRole('heading', { name: 'No request of nobody was refused' }).waitFor();
    await page.getByText('npx ackline send nobody --tamper').waitFor();
  });

  it('says of one what would have been right, found by keyboard alone', async () => {
    await using tab = await bed.open('/rejected');
    const { page } = tab;
    await rowsOf(page).first().waitFor();
    await page.getByLabel('Source').focus();
    await page.keyboard.press('Tab');
    await page.locator('[data-index="0"] a:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/rejected/${ID}`);
    const doctor = page.getByRole('region', { name: 'What would have been right' });
    await doctor.getByText(FIX).waitFor();
    await page.getByText('secrets[0] proves it so').waitFor();
    await page.getByText('1 min before it came').waitFor();
    await page.getByText(`npx ackline doctor signature ${ID}`).waitFor();
    await lookAtPage(tab, 'rejected-request');
  });

  it('shows a tenant the requests of its own sources alone', async () => {
    const wish = {
      name: 'azure',
      scopes: ['view'] as const,
      tenant: 'azure',
      expiresInMs: null,
      actor: 'me',
    };
    const headers = { authorization: `Bearer ${await createToken(bed.pool, wish)}` };
    await using tab = await bed.open('/rejected', { headers });
    await rowsOf(tab.page).first().waitFor();
    assert.equal(await rowsOf(tab.page).count(), 1);
  });
});

/** The n-th newest. */
function refused(n: number): KeptRejection {
  return {
    requestId: randomUUID(),
    rejectedAt: new Date(Date.now() - n * 60_000),
    source: 'crimson-hooks',
    provider: 'telegram',
    code: 'ACKLINE_BAD_SIGNATURE',
    reason: 'wrong_signature',
    method: 'POST',
    url: 'http://127.0.0.1:8080/crimson?…',
    headers: { known: [['X-Telegram-Bot-Api-Secret-Token', 28]], others: 3 },
    bodyBytes: 1_500,
    bodySha256: '980d6092f1fae64d96b9094fb6fe10ce05857689684b5c0ea7abf6463aa781ab',
    body: null,
    secrets: 1,
    tried: { secret: 9 },
    secretIndex: null,
    skewMs: null,
    diagnosis: 'unexplained',
    what: 'none of what was tried is right: another secret, or another body',
    fix: 'compare the secret of the source with that of the provider',
  };
}
