// docs/tutorial.md, typed as it is printed: its commands, what it says that they print, and what it opens in a browser.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import { ROOT } from './example-page.ts';
import { openTutorialFolder, type TutorialFolder } from './tutorial-folder.ts';

type Step =
  | { readonly kind: 'type'; readonly commands: string; readonly printed: string | null }
  | { readonly kind: 'open'; readonly url: string };

/** Commands with what they print, and pages of the console, in the order of the text. */
const STEP =
  /^```sh\n(?<commands>.*?)^```$(?:\n\n```\n(?<printed>.*?)^```$)?|(?<url>http:\/\/127\.0\.0\.1:8081\/[\w/?=&-]+)/gms;

async function readSteps(): Promise<readonly Step[]> {
  const page = await readFile(`${ROOT}docs/tutorial.md`, 'utf8');
  return [...page.matchAll(STEP)].map(({ groups = {} }): Step => {
    const { commands, printed = null, url = '' } = groups;
    return commands === undefined ? { kind: 'open', url } : { kind: 'type', commands, printed };
  });
}

/** What differs from run to run: times, ids, hashes of keys, ports, names, and how wide a column is for them. */
function masked(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/g, 'TIME')
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/#[0-9a-f]{8}\b/g, 'KEY')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/\b[\d.,]+ m?s\b/g, 'SOME TIME')
    .replaceAll(/\(\d+\/s\)/g, 'RATE')
    .replaceAll(/\S+@\S+/g, 'SOMEBODY')
    .replaceAll(/ +/g, ' ')
    .trim();
}

/** It changes nothing: what it shows may be a moment away yet. */
const LOOK = /^npx ackline (?:events|park|destinations|replay list)\b/;
const SLOW = { timeoutMs: 30_000 };

async function type(
  folder: TutorialFolder,
  { commands, printed }: Extract<Step, { kind: 'type' }>,
): Promise<void> {
  const run = async () => masked(await folder.run(commands).untilDone());
  if (printed === null) assert.equal(await run(), '', commands);
  else if (!LOOK.test(commands)) assert.equal(await run(), masked(printed));
  else {
    let said = '';
    const isSo = async () => {
      said = await run();
      return said === masked(printed);
    };
    await waitFor(isSo, { what: commands, ...SLOW }).catch((error: unknown) => {
      assert.equal(said, masked(printed), String(error));
    });
  }
}

/** The page is there, and the call behind it has something to show. */
async function open(folder: TutorialFolder, url: string): Promise<void> {
  const here = new URL(folder.here(url));
  const page = await fetch(here, { headers: { accept: 'text/html' } });
  assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8'], url);
  const call = await fetch(new URL(`/api/v1${here.pathname}${here.search}`, here));
  const { items } = (await call.json()) as { items?: readonly unknown[] };
  assert.ok((items?.length ?? 0) > 0, `${url} has nothing to show`);
}

describe('docs/tutorial.md', () => {
  it('has commands that do what it says, from the start to the end', async () => {
    const [start, ...steps] = await readSteps();
    assert.ok(start?.kind === 'type' && steps.length >= 15, 'the page has commands');
    await using folder = await openTutorialFolder('ackline.yaml', { ports: [8090, 8091] });
    const first = folder.run(start.commands);
    await first.untilSaid('Ctrl-C stops everything in order.');
    for (const step of steps) {
      if (step.kind === 'type') await type(folder, step);
      else await open(folder, step.url);
    }
    const arrived = first.output().match(/^← sample receiver: delivery \S+ arrived \(\d+ B\)$/gm);
    assert.equal(arrived?.length, 12, first.output());
    await first.end('SIGTERM');
    assert.match(first.output(), /stopped/);
  });
});
