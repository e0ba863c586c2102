import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createToken, revokeToken } from '@ackline/store/console-tokens';
import { SIZES } from '@ackline/testkit/browser';
import { lookAtPage } from '@ackline/testkit/page-looks';
import type { Page } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

/** Chromium's own words about an answer that the test is about. */
const REFUSED = /status of 401/;

describe('around the pages', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed({ env: { ACKLINE_ENV: 'production' } });
    await storeEvent(bed.pool, { dedupKey: 'there' });
  });
  after(() => bed[Symbol.asyncDispose]());

  const tokenNamed = async (name: string) => {
    const token = await createToken(bed.pool, {
      name,
      scopes: ['view', 'payload'],
      tenant: 'crimson',
      expiresInMs: null,
      actor: 'me',
    });
    assert.ok(token !== null);
    return token;
  };
  const signIn = async (page: Page, token: string) => {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };

  it('asks who comes for a token, says what is wrong with one, and lets in and out again', async () => {
    const token = await tokenNamed('on-call');
    await using tab = await bed.open('/events?type=message');
    tab.expect(REFUSED);
    const { page } = tab;
    await page.getByRole('heading', { name: 'Sign in to Ackline' }).waitFor();
    await lookAtPage(tab, 'sign-in');
    await signIn(page, 'a-token-that-is-not-one-at-all');
    await page.getByRole('alert').filter({ hasText: 'ACKLINE_TOKEN_MISSING' }).waitFor();
    await signIn(page, token);
    // Where they wanted to go.
    await page.getByText('there', { exact: true }).waitFor();
    await page.getByText('on-call').waitFor();
    await page.getByText('tenant crimson').waitFor();
    assert.equal(new URL(page.url()).search, '?type=message');
    assert.equal(await page.evaluate('document.cookie + JSON.stringify({ ...localStorage })'), '{}');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Ackline' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in to Ackline' }).waitFor();
  });

  it('asks again where a session has ended meanwhile', async () => {
    const token = await tokenNamed('short');
    await using tab = await bed.open('/events');
    tab.expect(REFUSED);
    const { page } = tab;
    await signIn(page, token);
    await page.getByText('there', { exact: true }).waitFor();
    await revokeToken(bed.pool, 'short', 'me');
    await page.getByRole('row').filter({ hasText: 'there' }).click();
    await page.getByRole('heading', { name: 'Sign in to Ackline' }).waitFor();
  });

  it('keeps the theme that was chosen, over that of the system', async () => {
    const headers = { authorization: `Bearer ${await tokenNamed('themes')}` };
    await using tab = await bed.open('/events', { headers, scheme: 'dark' });
    const { page } = tab;
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.getByLabel('Theme').waitFor();
    const dark = await ground();
    await page.getByLabel('Theme').selectOption('Light');
    const light = await ground();
    assert.notEqual(light, dark);
    await page.reload();
    await page.getByLabel('Theme').waitFor();
    assert.deepEqual([await ground(), await page.getByLabel('Theme').inputValue()], [light, 'light']);
    await page.getByLabel('Theme').selectOption('System');
    assert.equal(await ground(), dark);
  });

  it('shows where one is on a phone, though its menu is wider', async () => {
    const headers = { authorization: `Bearer ${await tokenNamed('on a phone')}` };
    await using tab = await bed.open('/sources', { headers, size: 'phone' });
    const link = tab.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Sources' });
    await tab.page.getByRole('heading', { name: 'Sources' }).waitFor();
    const { x, width } = (await link.boundingBox()) ?? { x: 0, width: 0 };
    assert.ok(width > 0 && x >= 0 && x + width <= SIZES.phone.width, `${x} ${width}`);
  });

  it('stays when a page fails, or is none', async () => {
    const headers = { authorization: `Bearer ${await tokenNamed('failing')}` };
    await using tab = await bed.open('/nowhere', { headers });
    const { page } = tab;
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await page.route('**/api/v1/events/*-*', route => route.fulfill({ json: { deliveries: 'no list' } }));
    tab.expect(/TypeError|is not a function|The above error occurred/);
    await page.goto('/events/018f3c1e-0000-7000-8000-000000000000');
    await page.getByRole('heading', { name: 'This page has failed' }).waitFor();
    await page.getByRole('link', { name: 'Events' }).click();
    await page.getByText('there', { exact: true }).waitFor();
  });

  it('has its call at hand, as a command that asks for a token', async () => {
    const headers = { authorization: `Bearer ${await tokenNamed('calls')}` };
    await using tab = await bed.open('/events?source=crimson-hooks', { headers });
    await tab.page.getByText('This page’s API call').click();
    const command = tab.page.getByLabel('Command', { exact: true });
    assert.equal(
      await command.textContent(),
      `curl -s -H "authorization: Bearer $TOKEN" '${bed.console.url}/api/v1/events?source=crimson-hooks'`,
    );
  });
});
