import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { secretFingerprint, writeSecretUses } from '@ackline/store/secret-uses';
import { lookAtPage } from '@ackline/testkit/page-looks';
import type { Page } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';

const URL_OF_CRIMSON = 'https://hooks.example.com/crimson';

describe('the page of sources', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed();
    const used = { source: 'crimson-hooks', uses: 1_234, lastUsedAt: Date.now() - 5 * 60_000 };
    const told = [{ ...used, fingerprint: secretFingerprint('crimson-hooks', 'crimson-secret') }];
    await writeSecretUses(bed.pool, told, randomUUID());
  });
  after(() => bed[Symbol.asyncDispose]());

  const cardOf = (page: Page, name: string) =>
    page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });

  it('shows the URL for the provider, and secrets by their use and never by their value', async () => {
    await using tab = await bed.open('/sources');
    const { page } = tab;
    const crimson = cardOf(page, 'crimson-hooks');
    await crimson.getByText(URL_OF_CRIMSON).waitFor();
    await crimson.getByText('telegram', { exact: true }).waitFor();
    await crimson.getByText('tenant crimson').waitFor();
    const secret = crimson.getByRole('row').filter({ hasText: 'env RED' });
    await secret.filter({ hasText: '5 min ago' }).filter({ hasText: '1,234' }).waitFor();
    await secret.getByText('ackline.yaml:8').waitFor();
    await crimson.getByText('npx ackline send crimson-hooks').waitFor();
    await cardOf(page, 'azure-hooks').getByText('no ingress has told').waitFor();
    assert.equal(await page.getByText('crimson-secret').count(), 0);
    await lookAtPage(tab, 'sources');
  });

  it('gives the URL to paste by keyboard alone', async () => {
    await using tab = await bed.open('/sources');
    const { page, context } = tab;
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('link', { name: 'What was refused' }).first().focus();
    await page.keyboard.press('Tab'); // the URL
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Copied the URL of crimson-hooks' }).waitFor();
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), URL_OF_CRIMSON);
  });

  it('shows a tenant its own, and teaches the next step where there is none', async () => {
    const open = async (tenant: string) => {
      const wish = { name: tenant, scopes: ['view'] as const, tenant, expiresInMs: null, actor: 'me' };
      const headers = { authorization: `Bearer ${await createToken(bed.pool, wish)}` };
      return bed.open('/sources', { headers });
    };
    await using azure = await open('azure');
    await cardOf(azure.page, 'azure-hooks').waitFor();
    assert.equal(await azure.page.getByText('crimson').count(), 0);
    assert.equal(await azure.page.getByRole('button', { name: 'Send a sample' }).count(), 0, 'it may look');
    await using none = await open('violet');
    await none.page.getByRole('heading', { name: 'The tenant violet has no source' }).waitFor();
  });
});
