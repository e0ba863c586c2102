import assert from 'node:assert/strict';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from './chromium-program.ts';

/** What a desk and a hand have. */
export const SIZES = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;
export type Size = keyof typeof SIZES;
export type Scheme = 'light' | 'dark';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Of one step of a test. */
const STEP_MS = 15_000;

export interface TabOptions {
  /** What paths are below. */
  readonly url: string;
  readonly size?: Size;
  readonly scheme?: Scheme;
  /** With every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A tab in a profile of its own. When it is closed it throws what the page had to complain of: an error, a warning, a breach of its policy. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Complaints that a test is about: Chromium says of each refused call that it "failed to load". */
  expect(complaint: RegExp): void;
}

export interface TestBrowser extends AsyncDisposable {
  open(options: TabOptions): Promise<Tab>;
}

/** One Chromium, for all tests of a file. */
export async function startBrowser(): Promise<TestBrowser> {
  const program = findChromium();
  if (program.kind === 'unavailable') throw new Error(program.reason);
  const browser = await chromium.launch({ executablePath: program.path, args: ARGS, headless: true });
  return {
    open: options => open(browser, options),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function open(browser: Browser, options: TabOptions): Promise<Tab> {
  const { url, size = 'wide', scheme = 'light', headers = {} } = options;
  const context = await browser.newContext({
    baseURL: url,
    viewport: SIZES[size],
    colorScheme: scheme,
    locale: 'en-GB',
    extraHTTPHeaders: headers,
  });
  context.setDefaultTimeout(STEP_MS);
  const complaints: string[] = [];
  const expected: RegExp[] = [];
  // Of the context: also of the tabs that a link opens.
  context.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  context.on('weberror', error => complaints.push(String(error.error())));
  const page = await context.newPage();
  return {
    page,
    context,
    expect: complaint => void expected.push(complaint),
    async [Symbol.asyncDispose]() {
      await context.close();
      const left = complaints.filter(text => !expected.some(pattern => pattern.test(text)));
      assert.deepEqual(left, [], 'the page complained');
    },
  };
}
