import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Page } from 'playwright-core';
import { openPageBed, type PageBed } from '../support/page.ts';
import { storeEvent } from '../support/rows.ts';

/** A task that holds up a click for so long is felt: the bound of the Long Tasks specification. */
const LONG_TASK_MS = 50;
const CATEGORIES = [
  'devtools.timeline',
  'disabled-by-default-devtools.timeline',
  'loading',
  'toplevel',
  'blink.user_timing',
];

/** In ms after the navigation; 0: not yet. */
const PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0";

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** In µs. */
  readonly ts: number;
  readonly dur?: number;
}

describe('how soon the page is there', () => {
  let bed: PageBed;
  before(async () => {
    bed = await openPageBed();
    for (let n = 0; n < 50; n++) await storeEvent(bed.pool, { deliveries: [{ state: 'delivered' }] });
  });
  after(() => bed[Symbol.asyncDispose]());

  // Figures, and no bound: they are of the machine that the test runs on.
  for (const [path, heading] of [
    ['/overview', 'Overview'],
    ['/events', 'Events'],
  ] as const) {
    it(`${path} is painted, and Chromium’s trace says when and what held it up`, async () => {
      await using tab = await bed.open('/docs/'); // nothing of it is cached, and Chromium has started
      let paintMs = 0;
      const events = await traced(tab.page, async () => {
        await tab.page.goto(path);
        await tab.page.getByRole('heading', { name: heading, level: 1 }).waitFor();
        await waitFor(async () => (paintMs = Number(await tab.page.evaluate(PAINTED))) > 0);
      });
      tell(path, events, paintMs);
    });
  }
});

async function traced(page: Page, work: () => Promise<void>): Promise<readonly TraceEvent[]> {
  const browser = page.context().browser();
  assert.ok(browser !== null);
  await browser.startTracing(page, { categories: CATEGORIES });
  await work();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  return trace.traceEvents;
}

function tell(path: string, events: readonly TraceEvent[], paintMs: number): void {
  const paint = events.findLast(({ name }) => name === 'firstContentfulPaint');
  assert.ok(paint !== undefined, 'the trace has the first paint');
  const begun = paint.ts - paintMs * 1_000;
  const ofPage = events.filter(({ pid, ts }) => pid === paint.pid && ts >= begun);
  const tasks = ofPage.filter(({ name, tid, dur = 0 }) => name === 'RunTask' && tid === paint.tid && dur > 0);
  assert.ok(tasks.length > 0, 'the trace has the tasks of the page');
  const long = tasks.map(({ dur = 0 }) => dur / 1_000).filter(ms => ms > LONG_TASK_MS);
  const longest = Math.max(...tasks.map(({ dur = 0 }) => dur / 1_000));
  process.stdout.write(
    `# ${path}: first contentful paint after ${Math.round(paintMs)} ms; ${long.length} tasks over ${LONG_TASK_MS} ms, the longest ${Math.round(longest)} ms\n`,
  );
}
