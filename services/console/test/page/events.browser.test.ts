import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { lookAtPage } from '@ackline/testkit/page-looks';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Page } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

const EVENTS = 'Events, the newest first';
/** Two pages of the API, and a part of a third one. */
const STORED = 120;

describe('the events page', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed();
    for (let n = 0; n < STORED; n++) {
      await storeEvent(bed.pool, {
        dedupKey: `update-${n}`,
        orderingKey: n % 4 === 0 ? null : `chat-${n % 7}`,
        type: ['message', 'callback_query', 'edited_message'][n % 3] ?? '',
        body: JSON.stringify({ message: { text: `number ${n}`, from: { is_bot: n % 2 === 0 } }, amount: n }),
        deliveries: n % 11 === 0 ? [] : [{ state: n % 10 === 0 ? 'parked' : 'delivered' }],
      });
    }
  });
  after(() => bed[Symbol.asyncDispose]());

  const rowsOf = (page: Page) => page.getByRole('table', { name: EVENTS }).locator('[data-index]');
  const topRow = (page: Page) => rowsOf(page).and(page.locator('[data-index="0"]'));
  const shown = (page: Page, text: string) => rowsOf(page).filter({ hasText: text }).first().waitFor();
  const isLive = (page: Page) => page.getByText('live', { exact: true }).waitFor();

  it('shows what comes without a reload, at the top', async () => {
    await using tab = await bed.open('/events');
    const { page } = tab;
    await shown(page, 'update-119');
    await isLive(page);
    assert.equal(await page.title(), 'Events · Ackline');
    await storeEvent(bed.pool, { dedupKey: 'came-live', deliveries: [{ state: 'due' }] });
    await topRow(page).filter({ hasText: 'came-live' }).waitFor();
    // What becomes of it is shown too.
    await bed.pool.query(`update deliveries set state = 'parked', park_reason = 'x' where event_id in
      (select event_id from event_keys where dedup_key = 'came-live')`);
    await topRow(page).filter({ hasText: 'parked' }).waitFor();
  });

  it('keeps back what comes while the list is paused or scrolled, and shows it when asked', async () => {
    await using tab = await bed.open('/events');
    const { page } = tab;
    await isLive(page);
    await page.getByText('Live', { exact: true }).click();
    await page.getByText('paused', { exact: true }).waitFor();
    await storeEvent(bed.pool, { dedupKey: 'while-paused' });
    await page.getByRole('button', { name: 'Show 1 new event' }).waitFor();
    assert.equal(await page.getByText('while-paused').count(), 0);
    await page.getByRole('button', { name: 'Show 1 new event' }).click();
    await topRow(page).filter({ hasText: 'while-paused' }).waitFor();
    await isLive(page);

    await page.mouse.wheel(0, 600);
    await waitFor(async () => ((await page.evaluate('scrollY')) as number) > 100);
    const before = await rowsOf(page).first().getAttribute('data-index');
    await storeEvent(bed.pool, { dedupKey: 'while-scrolled' });
    await page.getByRole('button', { name: 'Show 1 new event' }).waitFor();
    assert.equal(await rowsOf(page).first().getAttribute('data-index'), before);
  });

  it('has its filters in the address, by which a list is found again, also by going back', async () => {
    await using tab = await bed.open('/events');
    const { page } = tab;
    await page.getByLabel('Type').fill('callback_query');
    await page.getByLabel('Type').press('Enter');
    await page.waitForURL('**/events?type=callback_query');
    await page.getByLabel('State').selectOption('parked');
    await page.waitForURL('**/events?type=callback_query&state=parked');
    await page.getByText('not live: filtered by a state').waitFor();
    await shown(page, 'parked');
    assert.equal(await rowsOf(page).filter({ hasNotText: 'callback_query' }).count(), 0);

    const address = page.url();
    const other = await tab.context.newPage();
    await other.goto(address);
    await shown(other, 'callback_query');
    assert.equal(await other.getByLabel('State').inputValue(), 'parked');
    assert.equal(await rowsOf(other).count(), await rowsOf(page).count());

    await page.goBack();
    await page.waitForURL('**/events?type=callback_query');
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await page.waitForURL('**/events');
    await shown(page, 'edited_message');
  });

  it('filters by fields of the body, line by line and as JSON, and says how far it looked', async () => {
    await using tab = await bed.open('/events');
    const { page } = tab;
    await page.getByText('More filters').click();
    await page.getByLabel('Path 1').fill('body.amount');
    await page.getByLabel('Comparison 1').selectOption('$lt');
    await page.getByLabel('Value 1').fill('3');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await shown(page, 'update-2');
    assert.equal(new URL(page.url()).searchParams.get('where'), '{"body.amount":{"$lt":3}}');
    assert.equal(await rowsOf(page).count(), 3);
    await page.getByRole('button', { name: 'As JSON' }).click();
    await page.getByLabel('Filter as JSON').fill('{"body.amount":{"$bad":1}}');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByRole('alert').filter({ hasText: 'ACKLINE_CALL_INVALID' }).waitFor();
    tab.expect(/status of 400/);
  });

  it('goes back page by page, and holds few rows in the document', async () => {
    await using tab = await bed.open('/events');
    const { page } = tab;
    for (let press = 0; press < 4; press++) {
      const older = page.getByRole('button', { name: 'Older' });
      await older.or(page.getByText('That is all.')).waitFor();
      if (!(await older.isVisible())) break;
      await older.click();
      await page.getByText('Loading…').waitFor({ state: 'hidden' });
    }
    await page.getByText('That is all.').scrollIntoViewIfNeeded();
    await shown(page, 'update-0');
    assert.ok((await rowsOf(page).count()) < 60);
  });

  it('opens an event in a new tab, as any link', async () => {
    await using tab = await bed.open('/events');
    const { page, context } = tab;
    const row = rowsOf(page).filter({ hasText: 'update-118' });
    await row.waitFor();
    const opening = context.waitForEvent('page');
    // Anywhere on the row.
    await row.click({ button: 'middle', position: { x: 700, y: 15 } });
    const event = await opening;
    await event
      .getByRole('heading', { name: 'Event callback_query' })
      .or(event.getByRole('heading', { name: /^Event / }))
      .waitFor();
    await event.getByText('update-118').waitFor();
    assert.match(new URL(event.url()).pathname, /^\/events\/[0-9a-f-]{36}$/);
    assert.equal(new URL(page.url()).pathname, '/events');
  });

  it('is used by keyboard alone', async () => {
    await using tab = await bed.open('/events');
    const { page } = tab;
    await shown(page, 'update-119');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter'); // past the menu
    assert.equal(await focused(page), 'MAIN');
    await page.keyboard.press('Tab'); // Live
    await page.keyboard.press('Space');
    await page.getByText('paused', { exact: true }).waitFor();
    await page.keyboard.press('Tab'); // Source
    await page.keyboard.press('Tab'); // Type
    await page.keyboard.type('edited_message');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/events?type=edited_message');
    await waitFor(async () => (await rowsOf(page).filter({ hasNotText: 'edited_message' }).count()) === 0);
    await pressUntil(page, 'Tab', async () => (await focusedRow(page)) === '0');
    for (const [key, row] of [
      ['ArrowDown', '1'],
      ['ArrowDown', '2'],
      ['ArrowUp', '1'],
      ['End', '39'],
      ['Home', '0'],
    ] as const) {
      await page.keyboard.press(key);
      await waitFor(async () => (await focusedRow(page)) === row);
    }
    const href = await page.evaluate('document.activeElement.getAttribute("href")');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${String(href)}`);
    await page.getByRole('heading', { name: 'Event edited_message' }).waitFor();
    assert.equal(await focused(page), 'MAIN');
  });

  it('shows what is hostile as the text that it is', async () => {
    const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await storeEvent(bed.pool, {
      type: hostile,
      dedupKey: `${hostile}\u202e\u0000`.replace('\u0000', ''),
      orderingKey: 'javascript:alert(1)',
    });
    await using tab = await bed.open('/events');
    const { page } = tab;
    await shown(page, hostile);
    assert.equal(await page.locator('table img, [role=table] img, [role=table] script').count(), 0);
    await rowsOf(page).filter({ hasText: hostile }).first().click();
    await page.getByRole('heading', { name: `Event ${hostile}` }).waitFor();
    assert.equal(await page.title(), `Event ${hostile} · Ackline`);
  });

  it('has what is read out said in few words, and shows keys to nobody who may not see payloads', async () => {
    const token = await createToken(bed.pool, {
      name: 'viewer',
      scopes: ['view'],
      tenant: null,
      expiresInMs: null,
      actor: 'me',
    });
    await using tab = await bed.open('/events', { headers: { authorization: `Bearer ${token}` } });
    const { page } = tab;
    await rowsOf(page).first().getByText('hashed').first().waitFor();
    assert.equal(await page.getByText('update-119').count(), 0);
    await isLive(page);
    await storeEvent(bed.pool, { dedupKey: 'for-the-ear' });
    await page.getByRole('status').filter({ hasText: '1 new event' }).waitFor();
  });

  it('offers no filter by keys and bodies to who may not see them, and lets them leave one that a link has', async () => {
    const filters = (page: Page) => [
      page.getByLabel('Ordering key'),
      page.getByLabel('Dedup key'),
      page.getByRole('group', { name: 'Body and headers' }),
    ];
    await using mine = await bed.open('/events');
    await shown(mine.page, 'for-the-ear');
    await mine.page.getByText('More filters').click();
    for (const filter of filters(mine.page)) await filter.waitFor();
    const token = await createToken(bed.pool, {
      name: 'no-keys',
      scopes: ['view'],
      tenant: null,
      expiresInMs: null,
      actor: 'me',
    });
    await using tab = await bed.open('/events', { headers: { authorization: `Bearer ${token}` } });
    const { page } = tab;
    await rowsOf(page).first().getByText('hashed').first().waitFor();
    await page.getByText('More filters').click();
    await page.getByLabel('Event id').waitFor();
    for (const filter of filters(page)) assert.equal(await filter.count(), 0);
    await page.goto('/events?orderingKey=chat-1');
    await page.getByRole('alert').filter({ hasText: 'ACKLINE_NOT_ALLOWED' }).waitFor();
    assert.equal(await page.getByLabel('Ordering key').inputValue(), 'chat-1');
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await rowsOf(page).first().getByText('hashed').first().waitFor();
    tab.expect(/status of 403/);
  });

  it('teaches the next step where nothing has come', async () => {
    await using empty = await openPageBed();
    await using tab = await empty.open('/events');
    await tab.page.getByRole('heading', { name: 'No event has come yet' }).waitFor();
    await tab.page.getByText('npx ackline send').waitFor();
    await lookAtPage(tab, 'events-empty');
  });

  it('is pleasant to look at, with and without its filters', async () => {
    // Longer than a phone is wide.
    const source = 'faster-incoming-messages-of-the-respond-io-workspace';
    await storeEvent(bed.pool, { source, dedupKey: 'long-names', deliveries: [{ state: 'delivered' }] });
    await using tab = await bed.open('/events');
    await shown(tab.page, 'update-119');
    await isLive(tab.page);
    await lookAtPage(tab, 'events');
    await tab.page.getByText('More filters').click();
    await lookAtPage(tab, 'events-filters');
  });
});

/** The row that has the focus, by its place in the list; undefined: none has it. */
const focusedRow = (page: Page) =>
  page.evaluate('document.activeElement?.closest("[data-index]")?.dataset.index');
const focused = (page: Page) => page.evaluate('document.activeElement.tagName');

async function pressUntil(page: Page, key: string, isDone: () => Promise<unknown>): Promise<void> {
  for (let press = 0; press < 40; press++) {
    if ((await isDone()) === true) return;
    await page.keyboard.press(key);
  }
  assert.fail(`40 times ${key} did not lead there`);
}
