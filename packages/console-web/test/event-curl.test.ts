import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { eventCurl } from '../src/pages/event/event-curl.ts';

const REQUEST = {
  id: 'the-id',
  method: 'POST',
  url: 'https://hooks.example.com/a?b=[1]',
  headers: [],
  bodyBytes: 5,
  text: 'hello',
};

/** The words that a shell makes of a command. */
function wordsOf(command: string): string[] {
  const script = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${command}`;
  return execFileSync('/bin/sh', ['-c', script]).toString().split('\0').slice(0, -1);
}

describe('an event as a curl command', () => {
  it('has its request, word by word, whatever is in it', () => {
    const text = `it's "$HOME" \`id\` $(id) \\ !! \n %s`;
    const headers = [
      ['X-Twice', '1'],
      ['X-Twice', `'; touch x; '`],
      ['X-Empty', ''],
      ['Host', 'no'],
      ['Content-Length', '9'],
    ] as const;
    const { command, file } = eventCurl({ ...REQUEST, headers, text });
    assert.deepEqual(wordsOf(command), [
      '--globoff',
      '-X',
      'POST',
      '-H',
      'X-Twice: 1',
      '-H',
      `X-Twice: '; touch x; '`,
      '-H',
      'X-Empty;',
      '-H',
      'content-type:',
      '--data-binary',
      text,
      REQUEST.url,
    ]);
    assert.equal(file, null);
  });

  it('sends no file of who pastes it', () => {
    assert.ok(wordsOf(eventCurl({ ...REQUEST, text: '@/etc/passwd' }).command).includes('--data-raw'));
  });

  it('holds nothing that a terminal would obey when it is pasted', () => {
    const { command, file } = eventCurl({
      ...REQUEST,
      headers: [['X-Esc', '\u009b201~']],
      text: '\u001b[201~\nid\n',
    });
    assert.doesNotMatch(command, /(?!\n)\p{Cc}/u);
    assert.ok(wordsOf(command).includes('@the-id.bin'));
    assert.equal(file, 'the-id.bin');
  });

  it('reads what is no text, or long, from the file', () => {
    assert.equal(eventCurl({ ...REQUEST, text: null }).file, 'the-id.bin');
    assert.equal(eventCurl({ ...REQUEST, text: 'x'.repeat(100_000) }).file, 'the-id.bin');
    assert.deepEqual(wordsOf(eventCurl({ ...REQUEST, text: '', bodyBytes: 0, method: 'GET' }).command), [
      '--globoff',
      '-X',
      'GET',
      REQUEST.url,
    ]);
  });
});
