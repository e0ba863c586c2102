import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { createScreen, type ScreenStreams } from '../../src/top/screen.ts';

function start({ isTTY = true } = {}) {
  const signals = new EventEmitter();
  const keys = new EventEmitter();
  const raw: boolean[] = [];
  const written: string[] = [];
  const input = Object.assign(keys, {
    isTTY,
    setRawMode: (on: boolean) => raw.push(on),
    resume: () => undefined,
    pause: () => undefined,
  }) as unknown as ScreenStreams['input'];
  const output = { write: (text: string) => written.push(text) } as unknown as ScreenStreams['output'];
  const screen = createScreen({ input, output, signals });
  return { screen, signals, keys, raw, written };
}

describe('a screen', () => {
  it('ends by q and by Ctrl-C, and gives the terminal back as it was', async () => {
    for (const key of ['q', '\u0003']) {
      const { screen, keys, raw, written, signals } = start();
      screen.open();
      screen.draw(['one', 'two']);
      keys.emit('data', Buffer.from(key));
      await screen.ended;
      screen.close();
      assert.deepEqual(raw, [true, false]);
      assert.deepEqual([keys.listenerCount('keypress'), signals.listenerCount('SIGINT')], [0, 0]);
      const text = written.join('');
      assert.ok(text.startsWith('\u001b[?1049h') && text.endsWith('\u001b[?1049l'), JSON.stringify(text));
      assert.match(text, /one.*\r\n.*two/);
    }
  });

  it('goes on where a key is pressed that only has a q in what it sends', async () => {
    const { screen, keys } = start();
    screen.open();
    let isEnded = false;
    void screen.ended.then(() => {
      isEnded = true;
    });
    keys.emit('data', Buffer.from('\u001bOQ')); // F2
    await new Promise(setImmediate);
    assert.equal(isEnded, false);
    keys.emit('data', Buffer.from('q'));
    await screen.ended;
    screen.close();
  });

  it('ends by a signal where nobody has a keyboard', async () => {
    const { screen, signals, raw } = start({ isTTY: false });
    screen.open();
    signals.emit('SIGTERM');
    await screen.ended;
    screen.close();
    assert.deepEqual(raw, []);
  });

  it('has a size where the terminal does not say one', () => {
    const { screen } = start();
    assert.deepEqual([screen.columns, screen.rows], [80, 24]);
  });
});
