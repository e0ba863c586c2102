import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { curlCommand } from '../src/components/curl-command.ts';

describe('the call of a page, as a command', () => {
  it('is one that a shell reads as it is meant', () => {
    const url = "http://127.0.0.1:8081/api/v1/events?type=it's&where=$(x)`y`";
    const body = { reason: "don't $HOME" };
    const command = curlCommand({ method: 'POST', url, body, needsToken: true });
    const said = execFileSync('sh', ['-c', command.replace(/^curl/, String.raw`printf '%s\n'`)], {
      encoding: 'utf8',
      env: { TOKEN: 'secret' },
    });
    assert.deepEqual(said.trim().split('\n'), [
      '-s',
      '-X',
      'POST',
      '-H',
      'authorization: Bearer secret',
      '-H',
      'content-type: application/json',
      '-d',
      JSON.stringify(body),
      url,
    ]);
  });
});
