import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandsOf } from '../src/alerts/runbook-commands.ts';
import { shortenRules } from '../src/alerts/shorten-rules.ts';

describe('shortened rules', () => {
  const rules = `
      - alert: A
        expr: rate(a_seconds_bucket[5m]) > 60 and b unless b offset 10m
        for: 2m
        annotations: { summary: in 5m }`;

  it('have shorter windows, offsets and "for", and nothing else is changed', () => {
    const expected = rules
      .replace('[5m]', '[10000ms]')
      .replace('offset 10m', 'offset 20000ms')
      .replace('for: 2m', 'for: 4000ms');
    assert.equal(shortenRules(rules, { factor: 30, leastMs: 1_000 }), expected);
  });

  it('keep windows in which a rate can see something', () => {
    assert.match(shortenRules(rules, { factor: 1_000, leastMs: 2_000 }), /\[2000ms\].*\n +for: 120ms/);
  });

  it('have the thresholds that are named, and refuse one that is not there', () => {
    const options = { factor: 1, leastMs: 1 };
    assert.match(shortenRules(rules, { ...options, thresholds: { '> 60': '> 5' } }), /> 5 and/);
    assert.throws(() => shortenRules(rules, { ...options, thresholds: { '> 61': '> 5' } }), /no "> 61"/);
  });
});

describe('the commands of a page', () => {
  it('are those of its shell blocks, by section, without what the list around them indents', () => {
    const page =
      '# A\n\n```sh\na | b\nc\n```\n\n## B\n\n1. x\n   ```sh\n   d "$E"\n   ```\n\n```\nan answer\n```\n';
    assert.deepEqual(commandsOf(page), [
      { section: 'A', text: 'a | b\nc\n' },
      { section: 'B', text: 'd "$E"\n' },
    ]);
  });
});
