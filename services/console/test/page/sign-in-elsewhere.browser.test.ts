import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Tab } from '@ackline/testkit/browser';
import { freePort } from '@ackline/testkit/free-port';
import { lookAtPage } from '@ackline/testkit/page-looks';
import type { Page } from 'playwright-core';
import { CLIENT_ID, startOidcProvider, type TestProvider } from '../support/oidc-provider.ts';
import { openPageBed, type PageBed } from '../support/page.ts';

const SECRET = 'the secret of the console at its provider';
const ANNA = { sub: 'u-1', email: 'anna@example.com', email_verified: true, roles: ['sre'] };
/** Chromium's own words about answers that the test is about. */
const REFUSED = /status of 40[13]/;

describe('signing in with an OpenID provider, in a browser', () => {
  const parts = new AsyncDisposableStack();
  let provider: TestProvider;
  let bed: PageBed;
  /** By another name than the provider's: to a browser they are two sites. */
  let url: string;
  before(async () => {
    const port = await freePort();
    url = `http://localhost:${port}`;
    const redirectUri = `${url}/login/oidc/callback`;
    provider = parts.use(await startOidcProvider({ redirectUri, secret: SECRET, isShown: true }));
    bed = await openPageBed({
      env: {
        ACKLINE_ENV: 'production',
        CONSOLE_PORT: String(port),
        CONSOLE_PUBLIC_URL: url,
        CONSOLE_OIDC_ISSUER: provider.issuer,
        CONSOLE_OIDC_CLIENT_ID: CLIENT_ID,
        CONSOLE_OIDC_CLIENT_SECRET: SECRET,
        CONSOLE_OIDC_ROLES: '{"sre":{"scopes":["view"]}}',
        CONSOLE_OIDC_LABEL: 'Example ID',
      },
    });
    parts.use(bed);
  });
  after(() => parts.disposeAsync());
  beforeEach(() => {
    provider.account = ANNA;
  });

  const open = async (): Promise<Tab> => {
    const tab = await bed.open(url);
    tab.expect(REFUSED);
    return tab;
  };
  const follow = (page: Page) => page.getByRole('link', { name: 'Sign in with Example ID' }).click();
  const goOn = (page: Page) => page.getByRole('button', { name: 'Continue' }).click();
  const sessions = async () =>
    (await bed.pool.query<{ name: string }>('select name from console_sessions')).rows.map(
      ({ name }) => name,
    );

  it('leads by a link to the provider and back to the overview, and out again', async () => {
    await using tab = await open();
    const { page } = tab;
    await page.getByRole('link', { name: 'Sign in with Example ID' }).waitFor();
    await lookAtPage(tab, 'sign-in-elsewhere');
    await follow(page);
    for (let n = 0; n < 2; n++) await goOn(page); // who they are, and what is said of them
    await page.waitForURL(`${url}/overview`);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByText('oidc:anna@example.com').waitFor();
    assert.deepEqual(await sessions(), ['oidc:anna@example.com']);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Ackline' }).waitFor();
    assert.deepEqual(await sessions(), []);
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in to Ackline' }).waitFor();
  });

  it('leaves one session where somebody signs in once more, also behind an attempt that was refused', async () => {
    await using tab = await open();
    const { page, context } = tab;
    /** As if the provider had never seen them. */
    const signInAs = async (account: typeof ANNA, begin: () => Promise<unknown>) => {
      await context.clearCookies({ domain: '127.0.0.1' });
      provider.account = account;
      await begin();
      for (let n = 0; n < 2; n++) await goOn(page);
    };
    await signInAs(ANNA, () => follow(page));
    await page.getByText('oidc:anna@example.com').waitFor();
    await signInAs({ ...ANNA, sub: 'u-2', email: 'eve@example.com' }, () => page.goto(`${url}/login/oidc`));
    await page.getByText('oidc:eve@example.com').waitFor();
    assert.deepEqual(await sessions(), ['oidc:eve@example.com']);

    await signInAs({ ...ANNA, sub: 'u-3', roles: [] }, () => page.goto(`${url}/login/oidc`));
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
    await page.getByText('ACKLINE_OIDC_NO_ROLE').waitFor();
    assert.deepEqual(await sessions(), ['oidc:eve@example.com']);
    await signInAs(ANNA, () => page.getByRole('link', { name: 'Try again' }).click());
    await page.getByText('oidc:anna@example.com').waitFor();
    assert.deepEqual(await sessions(), ['oidc:anna@example.com']);
  });
});
