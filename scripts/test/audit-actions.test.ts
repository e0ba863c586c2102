import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { AUDIT_ACTIONS } from '@ackline/shared/audit-actions';
import { ACTIONS } from '../../packages/console-web/src/pages/audit/actions.ts';

describe('the actions of the audit', () => {
  it('are all offered by the filter of the console, and no others', () => {
    assert.deepEqual(ACTIONS.toSorted(), AUDIT_ACTIONS.toSorted());
  });

  it('are all in the table of docs/operations.md, and no others', () => {
    const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const [, table = ''] =
      /\n\| action \| subject \| details \|\n\|---\|---\|---\|\n(.*?)\n\n/s.exec(text) ?? [];
    // `destination.paused`, `.resumed`: the second one is of the first one's thing.
    const named = table.split('\n').flatMap(row => {
      const [, first = ''] =
        row
          .split(' | ', 1)
          .join('')
          .match(/^\| (.*)$/) ?? [];
      const thing = /`(\w+)\./.exec(first)?.[1];
      return [...first.matchAll(/`\w*\.(\w+)`/g)].map(([, done]) => `${thing}.${done}`);
    });
    assert.deepEqual([...new Set(named)].toSorted(), AUDIT_ACTIONS.toSorted());
  });
});
