import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import { lookAtPage } from '@ackline/testkit/page-looks';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

const AT = Date.now() - 60_000;
const at = (ms: number) => new Date(AT + ms).toISOString();
const BODY = '{"n":12345678901234567890,"big":1e400,"a":1,"a":2,"text":"hello"}';

describe('the page of an event', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed({ env: { CONSOLE_TRACE_URL: 'https://traces.example.com/t/{traceId}?org=1' } });
  });
  after(() => bed[Symbol.asyncDispose]());

  const storeParked = () =>
    storeEvent(bed.pool, {
      receivedAt: AT,
      type: 'order.paid',
      body: BODY,
      deliveries: [
        {
          state: 'parked',
          attempts: [
            { at: at(40), ms: 12, status: 503, excerpt: 'busy: come back' },
            { at: at(5_040), ms: 1_500, outcome: 'park', error: 'timeout' },
          ],
        },
        {
          destination: 'bot',
          state: 'delivered',
          attempts: [{ at: at(40), outcome: 'delivered', status: 200 }],
        },
      ],
    });
  const looks = async (id: string) => {
    const found = await bed.pool.query(
      "select 1 from audit where action = 'payload.viewed' and subject = $1",
      [id],
    );
    return found.rowCount;
  };

  it('tells what became of it, from the request to the last attempt', async () => {
    const { id } = await storeParked();
    await using tab = await bed.open(`/events/${id}`);
    const { page } = tab;
    await page.getByRole('heading', { name: 'Event order.paid' }).waitFor();
    const crm = page.getByRole('region', { name: 'crm' });
    await crm.getByText('parked', { exact: true }).waitFor();
    await crm.getByText('busy: come back').waitFor();
    await crm.getByText('1.5 s').waitFor();
    const timeline = await page.getByRole('list', { name: 'Timeline' }).innerText();
    assert.match(
      timeline,
      /Received[^]*Attempt to crm: retry \(503\)[^]*\+5\.0 s\s+Attempt to crm: park \(timeout\)/,
    );
    assert.equal(
      await page.getByRole('region', { name: 'bot' }).getByRole('button', { name: 'Discard' }).count(),
      0,
    );
    assert.equal(
      await page.getByRole('link', { name: 'See the trace' }).getAttribute('href'),
      'https://traces.example.com/t/4bf92f3577b34da6a3ce929d0e0e4736?org=1',
    );
    assert.equal(await page.getByText('12345678901234567890').count(), 0);
    assert.equal(await looks(id), 0);
  });

  it('shows what came when it is asked for, byte for byte, and notes the look once', async () => {
    const { id } = await storeParked();
    await using tab = await bed.open(`/events/${id}`);
    const { page } = tab;
    await tab.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Show payload' }).click();
    await page.getByText('POST https://hooks.example.com/crimson').waitFor();
    assert.deepEqual(await page.locator('.headers tbody tr').allInnerTexts(), [
      'Content-Type\tapplication/json',
      'X-Twice\t1',
      'X-Twice\t2',
    ]);
    const body = page.getByLabel('Body', { exact: true });
    assert.equal(
      await body.innerText(),
      '{\n  "n": 12345678901234567890,\n  "big": 1e400,\n  "a": 1,\n  "a": 2,\n  "text": "hello"\n}',
    );
    await page.getByRole('button', { name: 'Raw' }).click();
    assert.equal(await body.innerText(), BODY);
    await page.getByRole('button', { name: 'Hex' }).click();
    assert.match(await body.innerText(), /^000000 {2}7b 22 6e 22/);
    await page.getByText('As curl').click();
    await page.getByRole('button', { name: 'Copy the command' }).first().click();
    const copied = String(await page.evaluate('navigator.clipboard.readText()'));
    assert.match(copied, /^curl --globoff -X 'POST'/);
    assert.ok(copied.includes(`--data-binary '${BODY}'`), copied);
    assert.equal(await looks(id), 1);
    await lookAtPage(tab, 'event-payload');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), `${id}.bin`);
  });

  it('sends a delivery again with another body, and keeps what came', async () => {
    const { id } = await storeParked();
    await using tab = await bed.open(`/events/${id}`);
    const { page } = tab;
    await page.getByRole('button', { name: 'Edit and replay to crm' }).click();
    const body = page.getByRole('alertdialog').getByLabel('Body');
    await body.waitFor();
    assert.equal(await body.inputValue(), BODY);
    await lookAtPage(tab, 'event-edited');
    tab.expect(/status of 400/);
    await body.fill('no JSON');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('alertdialog').getByText('JSON', { exact: false }).first().waitFor();
    await body.fill('{"text":"mended"}');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('list', { name: 'Timeline' }).getByText('Edited for crm: edit 1 by').waitFor();
    await page.getByRole('region', { name: 'crm' }).getByText('due', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Show payload' }).click();
    await page.getByLabel('Body', { exact: true }).getByText('12345678901234567890').waitFor();
  });

  it('is worked with by keyboard alone, and what was done is seen at once', async () => {
    const { id } = await storeParked();
    await using tab = await bed.open(`/events/${id}`);
    const { page } = tab;
    const crm = page.getByRole('region', { name: 'crm' });
    await lookAtPage(tab, 'event');
    await crm.getByRole('button', { name: 'Discard' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog', { name: 'Give this delivery up?' }).waitFor();
    await lookAtPage(tab, 'event-discard');
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await crm.getByText('parked', { exact: true }).waitFor();
    await page.keyboard.press('Enter'); // the focus is where it was
    await page.getByRole('alertdialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('Discarded for crm').waitFor();
    await crm.getByText('discarded', { exact: true }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog', { name: 'Send this delivery again?' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await crm.getByText('due', { exact: true }).waitFor();
    const { rows } = await bed.pool.query('select action from audit where subject = any($1) order by 1', [
      (await bed.pool.query('select id::text from deliveries where event_id = $1', [id])).rows.map(
        row => row.id,
      ),
    ]);
    assert.deepEqual(
      rows.map(({ action }) => action),
      ['delivery.discarded', 'delivery.replayed'],
    );
  });

  it('says what somebody else did first', async () => {
    const { id, deliveries } = await storeParked();
    await using tab = await bed.open(`/events/${id}`);
    const { page } = tab;
    tab.expect(/status of 409/);
    await page.getByRole('region', { name: 'crm' }).getByRole('button', { name: 'Discard' }).click();
    await bed.console.call('discardDelivery', { params: { id: deliveries[0] ?? '' } });
    await page.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('alertdialog').getByRole('alert').getByText('ACKLINE_WRONG_STATE').waitFor();
  });

  it('is a readable page where there is no such event', async () => {
    for (const id of [randomUUID(), '<b>no-id</b>']) {
      await using tab = await bed.open(`/events/${encodeURIComponent(id)}`);
      tab.expect(/status of 40[04]/);
      await tab.page.getByRole('heading', { name: 'This event is not here' }).waitFor();
      await tab.page.getByText(id).waitFor();
    }
  });
});

describe('the page of an event, for who may only look', () => {
  it('offers nothing that is not theirs, and says why', async () => {
    await using bed = await openPageBed({ env: { ACKLINE_ENV: 'production' } });
    const { id } = await storeEvent(bed.pool, { deliveries: [{ state: 'parked' }] });
    const token = await createToken(bed.pool, {
      name: 'desk',
      scopes: ['view'],
      tenant: 'crimson',
      expiresInMs: null,
      actor: 'me',
    });
    await using tab = await bed.open(`/events/${id}`, {
      headers: { authorization: `Bearer ${token ?? ''}` },
    });
    const { page } = tab;
    await page.getByText('Headers and body are for who has the scope').waitFor();
    await page.getByText('To replay or discard takes the scope').waitFor();
    for (const name of ['Show payload', 'Replay', 'Discard'])
      assert.equal(await page.getByRole('button', { name }).count(), 0);
  });
});
