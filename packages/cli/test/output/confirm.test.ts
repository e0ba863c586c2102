import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { askOn } from '../../src/output/confirm.ts';

async function answered(text: string): Promise<{ yes: boolean; shown: string }> {
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(text);
  const yes = await askOn({ input, output })('Start?');
  return { yes, shown: String(output.read()) };
}

test('only a yes is one: no other answer, and not the end of the input', async () => {
  for (const text of ['y\n', 'Yes\n', ' y \n']) assert.equal((await answered(text)).yes, true, text);
  for (const text of ['n\n', '\n', 'yess\n', '']) assert.equal((await answered(text)).yes, false, text);
  assert.equal((await answered('y\n')).shown, 'Start? [y/N] ');
});
