import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { failureOf } from '../src/alerts/runbook-commands.ts';

const HEALTH = `echo '{"spool": {"state": "ready", "detail": null}, "error": null, "on": false, "tiers": []}'`;
const hasJq = spawnSync('bash', ['-c', 'command -v jq']).status === 0;

describe('a command of the runbook', { skip: hasJq ? false : 'there is no jq' }, () => {
  for (const filter of [
    '.',
    '.spool, .on, .tiers',
    '.spool | {state, detail}',
    '{on, error}',
    '[.tiers[] | {id}]',
  ]) {
    it(`may print what is there, null or not: ${filter}`, async () => {
      assert.equal(await failureOf(`${HEALTH} | jq '${filter}'`), null);
    });
  }

  for (const filter of [
    '.spol',
    '.spool, .queue',
    '.spool | {state, details}',
    '{on, of: .spool.kind}',
    '[.on, .off]',
  ]) {
    it(`fails where it asks for what is not there: ${filter}`, async () => {
      assert.match((await failureOf(`${HEALTH} | jq '${filter}'`)) ?? '', /prints null/);
    });
  }

  it('fails with what it said where it ends with an error', async () => {
    assert.match((await failureOf('echo something; false')) ?? '', /something/);
  });
});
