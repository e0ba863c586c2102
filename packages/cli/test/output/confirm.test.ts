import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { askOn, isAgreed } from '../../src/output/confirm.ts';

async function answered(text: string): Promise<{ yes: boolean; shown: string }> {
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(text);
  const yes = await askOn({ input, output, signals: new EventEmitter() })('Start?');
  return { yes, shown: String(output.read()) };
}

test('only a yes is one: no other answer, and not the end of the input', async () => {
  for (const text of ['y\n', 'Yes\n', ' y \n']) assert.equal((await answered(text)).yes, true, text);
  for (const text of ['n\n', '\n', 'yess\n', '']) assert.equal((await answered(text)).yes, false, text);
  assert.equal((await answered('y\n')).shown, 'Start? [y/N] ');
});

test('Ctrl-C is a no, which is told on a line of its own, and its copies are no more', async () => {
  const [input, output, signals] = [new PassThrough(), new PassThrough(), new EventEmitter()];
  const asked = askOn({ input, output, signals })('Start?');
  signals.emit('SIGINT');
  assert.equal(await asked, false);
  signals.emit('SIGINT');
  assert.equal(String(output.read()), 'Start? [y/N] \n');
});

test('behind an answer Ctrl-C ends the process as ever', async () => {
  const [input, output, signals] = [new PassThrough(), new PassThrough(), new EventEmitter()];
  input.end('y\n');
  await askOn({ input, output, signals })('Start?');
  assert.equal(signals.listenerCount('SIGINT'), 0);
});

test('what was counted goes on with --yes or a yes, and with nothing else', async () => {
  const lines: string[] = [];
  const asked: string[] = [];
  const terminal = {
    line: (text: string) => lines.push(text),
    note: () => undefined,
    progress: () => undefined,
  };
  const agreed = (yes: boolean, answer: boolean | null) =>
    isAgreed(
      {
        terminal,
        confirm:
          answer === null
            ? null
            : question => {
                asked.push(question);
                return Promise.resolve(answer);
              },
      },
      { yes, question: 'Start?', otherwise: 'Nothing is sent' },
    );
  assert.deepEqual([await agreed(true, null), await agreed(true, false), asked], [true, true, []]);
  assert.deepEqual([await agreed(false, true), asked, lines], [true, ['Start?'], []]);
  assert.deepEqual([await agreed(false, false), lines], [false, ['Nothing is sent.']]);
  await assert.rejects(agreed(false, null), {
    code: 'ACKLINE_USAGE',
    message: 'Nothing is sent: there is no terminal to ask on, so it takes --yes',
  });
});
