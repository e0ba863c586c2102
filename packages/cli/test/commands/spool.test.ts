import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeLeft } from '../../src/commands/spool.ts';

const nothing = { events: 0, leftovers: 0, corruptFiles: [], quarantined: 0 };

describe('what is left in a spool', () => {
  it('names each reason once', () => {
    const spool = { events: 2, leftovers: 1, corruptFiles: ['spool-a.sqlite'], quarantined: 3 };
    assert.equal(
      describeLeft('/spool', { taken: 1, files: ['spool-a.sqlite', 'spool-b.sqlite'], spool }, 120_000),
      '1 event taken, but /spool still holds 2 events that no log took for 2 min; 1 file of a process that runs, or not yet open; 3 rows quarantined; damaged: spool-a.sqlite',
    );
  });

  it('counts files where nothing else is known', () => {
    assert.equal(
      describeLeft('/spool', { taken: 0, files: ['spool-a.sqlite'], spool: nothing }, 1_000),
      '0 events taken, but /spool still holds 1 file',
    );
  });
});
