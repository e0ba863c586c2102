import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { lookAtPage } from '@ackline/testkit/page-looks';
import { openPageBed, type PageBed } from '../support/page.ts';

describe('the documentation in a browser', () => {
  let bed: PageBed;
  before(async () => {
    // In production nobody is known who has not signed in.
    bed = await openPageBed({ env: { ACKLINE_ENV: 'production' } });
  });
  after(() => bed[Symbol.asyncDispose]());

  it('is read without signing in, from page to page and to their headings, by keyboard too', async () => {
    await using tab = await bed.open('/docs/');
    const { page } = tab;
    await page.getByRole('heading', { name: 'Ackline', level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content');
    await page.getByRole('navigation').getByRole('link', { name: 'Error codes' }).press('Enter');
    await page.waitForURL('**/docs/errors');
    await lookAtPage(tab, 'docs-errors');
    await page.goto('/docs/tutorial');
    await page.getByRole('link', { name: 'the schedule' }).click();
    await page.waitForURL('**/docs/configuration#destinationsretry');
    const top = await page.getByRole('heading', { name: 'destinations[].retry' }).boundingBox();
    assert.ok(top !== null && top.y >= 52 && top.y < 300, 'the heading is not behind the header');
    await lookAtPage(tab, 'docs-configuration');
  });

  it('is nowhere wider than a phone, but for what scrolls by itself', async () => {
    await using tab = await bed.open('/docs/tutorial');
    const { page } = tab;
    await lookAtPage(tab, 'docs-tutorial');
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of ['/docs/tutorial', '/docs/configuration', '/docs/metrics', '/docs/seeds']) {
      await page.goto(path);
      const widest = await page.evaluate('document.documentElement.scrollWidth');
      assert.ok(Number(widest) <= 390, `${path} is ${String(widest)} wide`);
    }
    await page.getByRole('link', { name: 'All pages' }).click();
    await page.getByRole('navigation').getByRole('link', { name: 'Changelog' }).waitFor();
  });
});
