import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import type { Tab } from '@ackline/testkit/browser';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Page, Request } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

/** Chromium's own words about an answer that the test is about. */
const REFUSED = /status of 401/;
/** Longer than what a page asks for is taken for the person's who touched it last. */
const AWAY_MS = 120_000;
/** A poll is left out where the one before is not answered yet: then the clock goes on once more. */
const AGAIN_MS = 3_000;

const isMarked = (request: Request) => request.headers()['x-ackline-background'] === '1';
/** Also a stream: it hears nothing while the clock is put forward, and is begun anew. */
const isOfPerson = (request: Request) => request.url().includes('/api/v1/') && !isMarked(request);

describe('a page that was left open', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed({ env: { ACKLINE_ENV: 'production' } });
    await storeEvent(bed.pool, {
      deliveries: [{ state: 'parked', attempts: [{ status: 503, outcome: 'park' }] }],
    });
  });
  after(() => bed[Symbol.asyncDispose]());

  interface LeftTab extends Tab {
    /** Nobody is at the page any more, and all that it has asked for a person is answered. */
    leave(): Promise<void>;
  }

  /** Signed in by a token of this name, and left alone. */
  async function openAndLeave(name: string, path: string): Promise<LeftTab> {
    const options = { name, scopes: ['view', 'operate'] as const, tenant: null, expiresInMs: null };
    const token = await createToken(bed.pool, { ...options, actor: 'me' });
    assert.ok(token !== null);
    const tab = await bed.open('/');
    const { page } = tab;
    tab.expect(REFUSED);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText(name).waitFor();
    const asked = new Set<Request>();
    page.on('request', request => {
      // Chromium does not tell of each request that it ends with the page before.
      if (request.isNavigationRequest()) asked.clear();
      if (isOfPerson(request)) asked.add(request);
    });
    page.on('requestfinished', request => asked.delete(request));
    page.on('requestfailed', request => asked.delete(request));
    // Put forward again: what began beside it is heard of, and goes on in real time.
    const leave = async () => {
      await waitFor(async () => {
        await page.clock.fastForward(AWAY_MS);
        if (asked.size > 0) assert.fail([...asked].map(request => request.url()).join());
        return true;
      });
    };
    await page.clock.install();
    await page.goto(path);
    await page.getByText(name).waitFor();
    await leave();
    return { ...tab, leave };
  }
  /** As if the session had last been used so long ago. Gives the time of that. */
  async function rest(name: string, minutes: number): Promise<number> {
    await bed.pool.query(
      "update console_sessions set used_at = now() - $2::int * interval '1 minute' where name = $1",
      [`token:${name}`, minutes],
    );
    return usedAt(name);
  }
  async function usedAt(name: string): Promise<number> {
    const { rows } = await bed.pool.query<{ at: Date }>(
      'select used_at as at from console_sessions where name = $1',
      [`token:${name}`],
    );
    return rows[0]?.at.getTime() ?? assert.fail('there is no session');
  }
  /** Until a page has what it waits for, its clock put forward again where that came while it was busy. */
  const untilSeen = (page: Page, aheadMs: number, see: () => Promise<unknown>) =>
    waitFor(async () => {
      await Promise.all([see(), page.clock.fastForward(aheadMs)]);
      return true;
    });
  /** Until it has asked for it by itself, and was answered: a poll comes each 15 s, a silent stream is begun anew after 40 s. */
  const untilAsked = (page: Page, path: string, { isAway }: { isAway: boolean }) =>
    untilSeen(page, isAway ? AWAY_MS : 45_000, async () => {
      const isIt = (request: Request) =>
        new URL(request.url()).pathname === `/api/v1${path}` && isMarked(request) === isAway;
      const answered = page.waitForResponse(response => isIt(response.request()), { timeout: AGAIN_MS });
      await Promise.all([answered, isAway ? null : page.keyboard.press('Shift')]);
    });
  const signInHeading = (page: Page) => page.getByRole('heading', { name: 'Sign in to Ackline' });

  for (const [name, path, call] of [
    ['looker', '/overview', '/overview'],
    ['follower', '/events', '/events/stream'],
  ] as const) {
    it(`keeps nobody signed in by what it asks for itself: ${call}`, async () => {
      await using tab = await openAndLeave(name, path);
      const { page } = tab;
      const left = await rest(name, 59);
      await untilAsked(page, call, { isAway: true });
      assert.equal(await usedAt(name), left);
      await untilAsked(page, call, { isAway: false });
      assert.notEqual(await usedAt(name), left);
      await tab.leave();
      await rest(name, 61);
      await untilSeen(page, AWAY_MS, () => signInHeading(page).waitFor({ timeout: AGAIN_MS }));
      assert.equal(await page.getByRole('alert').count(), 0);
    });
  }

  it('asks who comes back to sign in, where they do something', async () => {
    await using tab = await openAndLeave('returner', '/parked?destination=crm');
    const { page } = tab;
    const button = page.getByRole('button', { name: 'Count and replay this group' });
    await button.waitFor();
    await rest('returner', 61);
    await button.click();
    await signInHeading(page).waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
  });
});
