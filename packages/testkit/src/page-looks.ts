import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { type Scheme, type Size, SIZES, type Tab } from './browser.ts';

const FOLDER = fileURLToPath(new URL('../../../artifacts/console', import.meta.url));
/** WCAG 2.2, A and AA. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const SCHEMES: readonly Scheme[] = ['light', 'dark'];

/**
 * Looks at a page as it is now, wide and on a phone, light and dark: asserts that everything has its room and that axe finds nothing in any
 * of them, and keeps a picture of each (artifacts/console/<name>-<size>-<scheme>.png).
 */
export async function lookAtPage({ page }: Pick<Tab, 'page'>, name: string): Promise<void> {
  for (const size of Object.keys(SIZES) as Size[]) {
    await page.setViewportSize(SIZES[size]);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await takePicture(page, `${name}-${size}-${colorScheme}`);
      assert.deepEqual(await page.evaluate(CROWDED), [], `room, ${name}, ${size}, ${colorScheme}`);
      assert.deepEqual(await findViolations(page), [], `axe, ${name}, ${size}, ${colorScheme}`);
    }
  }
  await page.setViewportSize(SIZES.wide);
  await page.emulateMedia({ colorScheme: 'light' });
}

/** What sticks out of its place, lies over others, or has no width left. An expression, since tests are not compiled for browsers. */
const CROWDED = `(() => {
  const found = [];
  const tell = (element, what) =>
    found.push(what + ': ' + element.tagName + '.' + element.className + ' ' + element.textContent.slice(0, 40));
  const isForTheEarAlone = element =>
    element !== null && (getComputedStyle(element).clipPath === 'inset(50%)' || isForTheEarAlone(element.parentElement));
  if (document.documentElement.scrollWidth > innerWidth) found.push('wider than the window');
  const header = document.querySelector('header');
  const bounds = header?.getBoundingClientRect();
  for (const element of header?.querySelectorAll('a, img, select, button') ?? []) {
    const { top, bottom } = element.getBoundingClientRect();
    if (top < bounds.top || bottom > bounds.bottom) tell(element, 'out of the header');
  }
  for (const element of document.querySelectorAll('main *')) {
    const { display, overflowX } = getComputedStyle(element);
    if (/^inline$|none/.test(display) || overflowX !== 'visible') continue;
    if (element.scrollWidth > element.clientWidth + 1 && !isForTheEarAlone(element)) tell(element, 'out of its box');
  }
  for (const cell of document.querySelectorAll('[role=cell]'))
    if (cell.textContent !== '' && getComputedStyle(cell).display !== 'none' && cell.clientWidth < 16)
      tell(cell, 'no room');
  return found;
})()`;

async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}

/** By the debugger, since the page's policy lets no script in. */
async function findViolations(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send('Runtime.evaluate', { expression: `${axe.source};undefined` });
    const options = JSON.stringify({ runOnly: { type: 'tag', values: TAGS }, resultTypes: ['violations'] });
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression: `axe.run(document, ${options}).then(({ violations }) => JSON.stringify(violations))`,
      awaitPromise: true,
    });
    assert.equal(exceptionDetails, undefined);
    const violations = JSON.parse(String(result.value)) as AxeResults['violations'];
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary ?? ''}`,
      ),
    );
  } finally {
    await session.detach();
  }
}
