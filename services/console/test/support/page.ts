import { startBrowser, type Tab, type TabOptions } from '@ackline/testkit/browser';
import { type ConsoleBed, openConsoleBed, type StartOptions } from './console.ts';

/** A console with its database and a browser in front of it, for all tests of a file. */
export interface PageBed extends ConsoleBed {
  /** A tab at a path of the console. */
  open(path: string, options?: Omit<TabOptions, 'url'>): Promise<Tab>;
}

export async function openPageBed(options: Omit<StartOptions, 'databaseUrl'> = {}): Promise<PageBed> {
  await using opened = new AsyncDisposableStack();
  const bed = opened.use(await openConsoleBed(options));
  const browser = opened.use(await startBrowser());
  const parts = opened.move();
  return {
    ...bed,
    async open(path, tabOptions = {}) {
      const tab = await browser.open({ url: bed.console.url, ...tabOptions });
      await tab.page.goto(path);
      return tab;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
