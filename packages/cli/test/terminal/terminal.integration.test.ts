// `tail` and `listen` on a real terminal: what is typed, its width, and how it is left.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { startOnTerminal, whyNoTerminal } from '@ackline/testkit/pseudo-terminal';
import { waitFor } from '@ackline/testkit/wait-for';
import { type ConsoleStage, startConsoleStage } from '../remote/console-stage.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** As xterm sends them: F2, F4, F3, F1, and the arrow to the right. */
const KEYS_WITH_LETTERS = ['\u001bOQ', '\u001bOS', '\u001bOR', '\u001bOP', '\u001b[C'];

describe('on a terminal', { timeout: 120_000, skip: whyNoTerminal() }, () => {
  let stage: ConsoleStage;
  before(async () => {
    stage = await startConsoleStage();
  });
  after(() => stage[Symbol.asyncDispose]());

  const start = (args: readonly string[], columns = 80) =>
    startOnTerminal([process.execPath, ...NODE_ARGUMENTS, MAIN, ...args, '--url', stage.url], {
      cwd: stage.folder,
      env: { ACKLINE_DATA_DIR: `${stage.folder}/data` },
      columns,
    });
  const textOf = (shown: string) => stripVTControlCharacters(shown).replaceAll('\r\n', '\n');
  const widest = (text: string) => Math.max(...text.split('\n').map(line => line.length));

  it('tail says what it does, keeps to the width as it is resized, and ends at Ctrl-C on a line of its own', async () => {
    await using terminal = await start(['tail', '--keys']);
    const text = () => textOf(terminal.shown());
    await waitFor(() => text() === `Events of ${stage.url} as they come, until Ctrl-C.\n`);
    const seen = async (type: string) => {
      const at = text().length;
      // It begins now: what is stored before its stream is there does not come.
      await waitFor(async () => {
        await stage.store({ type, orderingKey: 'chat-1' });
        return text().slice(at).includes('no route takes it');
      });
      return text().slice(at);
    };
    assert.ok(widest(await seen('wide')) <= 80);
    terminal.resize(50);
    await seen('resized');
    const narrow = await seen('narrow');
    assert.ok(widest(narrow) <= 50, narrow);
    assert.match(narrow, /\n {14}chat-1 {2}no route takes it\n {14}[0-9a-f-]{36}\n/);
    terminal.press('\u0003');
    assert.equal((await terminal.exited).code, 0);
    assert.match(text(), /\n\^C\n$/);
  });

  it('listen obeys its keys and no key that only has their letters, and leaves the terminal as it was', async () => {
    await using receiver = await startFakeReceiver();
    await using terminal = await start(['listen', String(receiver.port), 'telegram']);
    const text = () => textOf(terminal.shown());
    await waitFor(() => text().includes('p pause · q quit\n'));
    assert.ok(widest(text()) <= 80, text());
    terminal.press('r');
    await waitFor(() => text().endsWith('No event was answered yet.\n'));
    await waitFor(async () => {
      await stage.store();
      return receiver.requests.length > 0;
    });
    await waitFor(() => / 200 /.test(text()));
    for (const key of KEYS_WITH_LETTERS) terminal.press(key);
    terminal.press('?');
    await waitFor(() => text().split('p pause · q quit\n').length === 3);
    assert.doesNotMatch(text(), /Paused|again|curl -i/);
    terminal.press('o');
    await waitFor(() => /\nhttp:\/\/127\.0\.0\.1:\d+\/events\/[0-9a-f-]{36}\n/.test(text()));
    terminal.press('c');
    await waitFor(() => text().includes("\n  --data-binary '{}'\n"));
    terminal.press('r');
    await waitFor(() => / again\b/.test(text()));
    terminal.press('p');
    await waitFor(() => text().endsWith('Nothing is skipped.\n'));
    terminal.press('p');
    await waitFor(() => text().includes('Going on.\n'));
    terminal.press('q');
    const { code, modes } = await terminal.exited;
    assert.equal(code, 0);
    for (const mode of ['icanon', 'echo', 'isig', 'icrnl']) assert.ok(modes.has(mode), mode);
  });

  it('a replay that was counted is cancelled by Ctrl-C at its question, and started by a yes', async () => {
    await stage.deliver('parked', { last: { status: 503 } });
    const states = async () =>
      (await stage.pool.query('select state from replays order by created_at')).rows.map(
        ({ state }) => state,
      );
    for (const [key, said, state] of [
      ['\u0003', /\? \[y\/N\] \^C\nNothing is sent\.\n$/, 'cancelled'],
      ['y\r', /\? \[y\/N\] y\n\S+ is started\./, 'trickle'],
    ] as const) {
      await using terminal = await start(['replay', 'start', '--cause', 'crm 503']);
      await waitFor(() => terminal.shown().endsWith('Start? [y/N] '));
      terminal.press(key);
      assert.equal((await terminal.exited).code, 0);
      assert.match(textOf(terminal.shown()), said);
      assert.equal((await states()).at(-1), state);
    }
  });

  it('listen ends at Ctrl-C and gives the terminal back', async () => {
    await using terminal = await start(['listen', '9', 'telegram']);
    await waitFor(() => textOf(terminal.shown()).includes('p pause · q quit\n'));
    terminal.press('\u0003');
    const { code, modes } = await terminal.exited;
    assert.deepEqual([code, modes.has('icanon')], [0, true]);
  });
});
