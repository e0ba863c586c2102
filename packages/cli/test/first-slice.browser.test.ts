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
  consoleUrl = `http://127.0.0.1:${consolePort}`;
  browser = stack.use(await startBrowser());
});
after(() => stack.disposeAsync());

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

/** A breaker as it is by default opens when half of the last ten tries failed. */
const OPENS_THE_BREAKER = 10;

/** Of the page *Sources*; gives the event's id. */
async function sendSample(page: Page, activate: Activate, after = ''): Promise<string> {
  await activate(page, page.getByRole('button', { name: 'Send a sample to telegram' }));
  const link = page.locator(`a[href^="/events/"]:not([href="/events/${after}"])`, {
    hasText: 'See the event',
  });
  await link.waitFor();
  return String(await link.getAttribute('href')).slice('/events/'.length);
}

/** The tutorial's way: a sample comes and arrives, a broken destination, its breaker, what is parked of it, and all of it arrives after all. */
async function walk(watching: Page, sending: Page, activate: Activate): Promise<void> {
  const menu = (name: string) =>
    activate(watching, watching.getByRole('navigation').getByRole('link', { name, exact: true }));
  const confirm = async (button: string) => {
    await activate(watching, watching.getByRole('alertdialog').getByRole('button', { name: button }));
    await watching.getByRole('alertdialog').waitFor({ state: 'detached' });
  };
  const open = (id: string) => activate(watching, watching.locator(`a[href="/events/${id}"]`));
  const delivery = watching.getByRole('region', { name: 'shop' });
  receiver.clear();
  receiver.always({ status: 200 });

  await menu('Events');
  await watching.getByText('live', { exact: true }).waitFor();
  const sample = await sendSample(sending, activate);
  await open(sample);
  await delivery.getByText('delivered', { exact: true }).first().waitFor();

  receiver.always({ status: 500, body: 'out of order' });
  await menu('Destinations');
  await watching.getByText('breaker closed', { exact: true }).waitFor();
  const refused = [await sendSample(sending, activate, sample)];
  while (refused.length < OPENS_THE_BREAKER)
    refused.push(await sendSample(sending, activate, refused.at(-1)));
  await watching.getByText('breaker open').waitFor();

  await menu('Events');
  await open(String(refused[0]));
  await delivery.getByText('parked', { exact: true }).waitFor();
  await delivery.getByText('out of order').first().waitFor();
  const address = watching.url();

  receiver.clear();
  receiver.always({ status: 200 });
  await menu('Destinations');
  await activate(watching, watching.getByRole('button', { name: 'Enable shop' }));
  await confirm('Enable');
  await watching.getByText('breaker closed', { exact: true }).waitFor();

  await menu('Parked');
  await activate(watching, watching.getByRole('link', { name: 'shop 500', exact: true }));
  await activate(watching, watching.getByRole('button', { name: 'Count and replay this group' }));
  await watching.getByText(/^[1-9]\d* deliver(y|ies) would be sent again/).waitFor();
  await activate(watching, watching.getByRole('button', { name: 'Start' }));
  await confirm('Start');
  await watching.getByText('All is sent.').waitFor();
  await watching.getByRole('heading', { name: 'Nothing is parked like this' }).waitFor();
  // What was held came by itself, what was parked by the replay.
  await waitFor(() => receiver.requests.length >= refused.length);
  assert.equal(receiver.requests.length, refused.length);
  assert.ok(receiver.requests.some(request => headerOf(request, 'webhook-replay') !== null));

  await watching.goBack(); // without the replay
  await watching.goBack(); // the causes
  await watching.getByRole('heading', { name: 'No delivery is parked' }).waitFor();
  await watching.goBack(); // Destinations
  await watching.goBack();
  await watching.waitForURL(address);
  await delivery.getByText('delivered', { exact: true }).first().waitFor();
}

const headerOf = ({ rawHeaders }: FakeReceiver['requests'][number], name: string) =>
  rawHeaders.find(([found]) => found.toLowerCase() === name)?.[1] ?? null;

describe('from a sample to a broken destination and back', () => {
  for (const [way, activate] of [
    ['mouse', byMouse],
    ['keyboard alone', byKeyboard],
  ] as const) {
    it(`all of it arrives after all, by ${way}`, async () => {
      await using watching = await browser.open({ url: consoleUrl });
      await using sending = await browser.open({ url: consoleUrl });
      await watching.page.goto('/');
      await sending.page.goto('/sources');
      await walk(watching.page, sending.page, activate);
    });
  }
});
