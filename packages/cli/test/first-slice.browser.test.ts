// A webhook on its way, as somebody at the console sees it: the real command, the real services, a real receiver that breaks and is mended.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBrowser, type Tab, type TestBrowser } from '@ackline/testkit/browser';
import { createTestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** Three services on a busy machine. */
const LIMIT_MS = 120_000;
const SECRET = 'a-secret-of-the-test-which-is-long-enough';

type Page = Tab['page'];
type Locator = ReturnType<Page['getByRole']>;
/** Does what a person does with a link or a button. */
type Activate = (page: Page, target: Locator) => Promise<void>;

const stack = new AsyncDisposableStack();
let browser: TestBrowser;
let receiver: FakeReceiver;
let consoleUrl = '';
let ingressUrl = '';

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-first-slice-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  receiver = stack.use(await startFakeReceiver());
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  await writeFile(
    join(folder, 'ackline.yaml'),
    `
sources: [{ name: telegram, provider: telegram, path: /telegram, secrets: [{ env: SECRET }] }]
destinations: [{ name: shop, type: http, url: '${receiver.url}/hook', retry: { schedule: [1ms] } }]
routes: [{ name: all, destination: shop }]
`,
  );
  const [port, opsPort, consolePort] = [await freePort(), await freePort(), await freePort()];
  stack.use(
    await spawnService(MAIN, {
      args: ['up'],
      cwd: folder,
      env: {
        DATABASE_URL: database.url,
        SECRET,
        PORT: String(port),
        OPS_PORT: String(opsPort),
        CONSOLE_PORT: String(consolePort),
      },
      readyUrl: `http://127.0.0.1:${consolePort}/api/v1/caller`,
      readyTimeoutMs: LIMIT_MS,
    }),
  );
  ingressUrl = `http://127.0.0.1:${port}/telegram`;
  consoleUrl = `http://127.0.0.1:${consolePort}`;
  browser = stack.use(await startBrowser());
});
after(() => stack.disposeAsync());

/** Of a breaker as it is by default: half of the last ten have to fail. */
const OPENS_THE_BREAKER = 20;

let lastUpdate = 100;

/** As Telegram does; gives the id by which the update is known. */
async function send(): Promise<string> {
  const update = ++lastUpdate;
  const { status } = await fetch(ingressUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': SECRET },
    body: JSON.stringify({
      update_id: update,
      message: { message_id: 1, chat: { id: update }, text: 'hello' },
    }),
  });
  assert.equal(status, 200);
  return String(update);
}

const byMouse: Activate = (_page, target) => target.click();

const MAX_TABS = 60;
const byKeyboard: Activate = async (page, target) => {
  await target.waitFor();
  const isFocused = () => target.evaluate(element => element === element.ownerDocument.activeElement);
  for (let tabs = 0; !(await isFocused()); tabs++) {
    assert.ok(tabs < MAX_TABS, `the keyboard does not come to ${String(target)}`);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
};

/** Sees an event come and arrive, then one that is refused; mends its cause, and sends the group again. */
async function walk(page: Page, activate: Activate): Promise<void> {
  const row = (update: string) => page.locator('[data-index]').filter({ hasText: update });
  const confirm = async (button: string) => {
    await activate(page, page.getByRole('alertdialog').getByRole('button', { name: button }));
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
  };
  await page.getByText('live', { exact: true }).waitFor();
  receiver.always({ status: 200 });
  await row(await send())
    .filter({ hasText: 'delivered' })
    .waitFor();

  receiver.always({ status: 500, body: 'out of order' });
  const refused = await send();
  await row(refused).waitFor();
  await activate(page, row(refused).getByRole('link'));
  const delivery = page.getByRole('region', { name: 'shop' });
  await delivery.getByText('parked', { exact: true }).waitFor();
  await delivery.getByText('out of order').first().waitFor();
  const address = page.url();

  await activate(page, page.getByRole('navigation').getByRole('link', { name: 'Parked' }));
  await activate(page, page.getByRole('link', { name: 'shop 500' }));
  await activate(page, page.getByRole('button', { name: 'Count and replay this group' }));
  await page.getByText('1 delivery would be sent again, 1 first').waitFor();
  receiver.clear();
  receiver.always({ status: 200 });
  await activate(page, page.getByRole('button', { name: 'Start' }));
  await confirm('Start');
  await page.getByText('All is sent.').waitFor();
  await page.getByRole('heading', { name: 'Nothing is parked like this' }).waitFor();
  await waitFor(() => receiver.requests.length === 1);
  assert.deepEqual(
    receiver.requests[0]?.rawHeaders.filter(([name]) => name.toLowerCase() === 'webhook-replay').length,
    1,
  );

  await page.goBack(); // without the replay
  await page.goBack(); // the causes
  await page.getByRole('heading', { name: 'Nothing is parked' }).waitFor();
  await page.goBack();
  await page.waitForURL(address);
  await delivery.getByText('delivered', { exact: true }).first().waitFor();
}

describe('from Events to Parked and back', () => {
  it('a sample that is sent from Sources is seen to come, and opened', async () => {
    receiver.always({ status: 200 });
    await using watching = await browser.open({ url: consoleUrl });
    await watching.page.goto('/events');
    await watching.page.getByText('live', { exact: true }).waitFor();
    await using sending = await browser.open({ url: consoleUrl });
    await sending.page.goto('/sources');
    await sending.page.getByRole('button', { name: 'Send a sample to telegram' }).click();
    const link = sending.page.getByRole('link', { name: 'See the event' });
    await link.waitFor();
    const id = String(await link.getAttribute('href'))
      .split('/')
      .at(-1);
    await watching.page.locator(`a[href="/events/${id}"]`).waitFor();
    await link.click();
    await sending.page
      .getByRole('region', { name: 'shop' })
      .getByText('delivered', { exact: true })
      .first()
      .waitFor();
  });

  for (const [way, activate] of [
    ['mouse', byMouse],
    ['keyboard alone', byKeyboard],
  ] as const) {
    it(`an event is seen, opened, found parked and sent again, by ${way}`, async () => {
      await using tab = await browser.open({ url: consoleUrl });
      await tab.page.goto('/events');
      await walk(tab.page, activate);
    });
  }

  it('the breaker of a broken destination is seen to open, and closed by hand', async () => {
    await using tab = await browser.open({ url: consoleUrl });
    const { page } = tab;
    await page.goto('/destinations');
    await page.getByText('breaker closed', { exact: true }).waitFor();
    receiver.always({ status: 500 });
    for (let sent = 0; sent < OPENS_THE_BREAKER; sent++) await send();
    await page.getByText('breaker open').waitFor();
    receiver.clear();
    receiver.always({ status: 200 });
    await page.getByRole('button', { name: 'Enable shop' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Enable' }).click();
    await page.getByText('breaker closed', { exact: true }).waitFor();
  });
});
