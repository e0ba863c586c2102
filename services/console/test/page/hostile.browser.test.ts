import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { Tab } from '@ackline/testkit/browser';
import { CANARY, type HostilePayload, hostilePayloads } from '@ackline/testkit/hostile-payloads';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

let bed: PageBed;
before(async () => {
  bed = await openPageBed();
});
after(() => bed[Symbol.asyncDispose]());

/** Notes whatever a payload makes the page do: also each request that leaves the console. */
async function watch({ page }: Pick<Tab, 'page'>): Promise<readonly string[]> {
  const done: string[] = [];
  await page.exposeFunction(CANARY, () => void done.push('something ran'));
  page.on('dialog', dialog => {
    done.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', request => {
    const url = new URL(request.url());
    if (url.origin !== bed.console.url) done.push(`request: ${url.href}`);
    else if (request.isNavigationRequest() && !/^\/events\/[\w-]+$/.test(url.pathname))
      done.push(`navigation: ${url.href}`);
  });
  return done;
}

async function look({ page }: Pick<Tab, 'page'>, { name, shows }: HostilePayload, id: string): Promise<void> {
  // Within the page: what one payload has done to it would be seen with the next ones, too.
  await page.evaluate(`history.pushState(null, '', '/events/${id}')`);
  await page.waitForURL(`**/events/${id}`);
  await page.getByRole('button', { name: 'Show payload' }).click();
  await page.getByRole('heading', { name: 'Body' }).waitFor();
  if (shows !== undefined) {
    const shown = await page.getByLabel('Body', { exact: true }).textContent();
    assert.ok(shown?.includes(shows), `${name}: ${shown?.slice(0, 200)}`);
  }
  for (const form of ['Raw', 'Hex']) {
    const button = page.getByRole('button', { name: form, exact: true });
    if ((await button.count()) > 0) await button.click();
  }
  await page.getByText('As curl').click();
  assert.ok(await page.getByRole('heading', { level: 1 }).isVisible(), name);
  assert.equal(
    await page.evaluate(
      '({}).polluted === undefined && document.querySelectorAll("iframe, form, script:not([src])").length',
    ),
    0,
    name,
  );
}

it('no payload runs, leads away or breaks the page: each is there to be read', async () => {
  assert.ok(hostilePayloads.length >= 40);
  await using tab = await bed.open('/events');
  const done = await watch(tab);
  for (const payload of hostilePayloads) {
    const { type, headers, body } = payload;
    const { id } = await storeEvent(bed.pool, {
      body,
      ...(type === undefined ? {} : { type }),
      ...(headers === undefined ? {} : { headers }),
    });
    await look(tab, payload, id);
    assert.deepEqual(done, [], payload.name);
  }
});
