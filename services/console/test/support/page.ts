import { startBrowser, type Tab, type TabOptions } from '@ackline/testkit/browser';
import { createTestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { type StartedConsole, type StartOptions, startConsole, testPool } from './console.ts';

/** A console with its database and a browser in front of it, for all tests of a file. */
export interface PageBed extends AsyncDisposable {
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly console: StartedConsole;
  /** A tab at a path of the console. */
  open(path: string, options?: Omit<TabOptions, 'url'>): Promise<Tab>;
}

export async function openPageBed(options: Omit<StartOptions, 'databaseUrl'> = {}): Promise<PageBed> {
  await using opened = new AsyncDisposableStack();
  const database = await createTestDatabase();
  opened.defer(() => database.close());
  const pool = testPool(database.url);
  opened.defer(() => pool.end());
  const console = opened.use(await startConsole({ databaseUrl: database.url, ...options }));
  const browser = opened.use(await startBrowser());
  const parts = opened.move();
  return {
    pool,
    databaseUrl: database.url,
    console,
    async open(path, tabOptions = {}) {
      const tab = await browser.open({ url: console.url, ...tabOptions });
      await tab.page.goto(path);
      return tab;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
