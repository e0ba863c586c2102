import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { doctorPage } from '../generate-docs/doctor-page.ts';
import { findingParts, isFindingId } from '../../packages/cli/src/doctor/finding-rows.ts';

const rows = Object.values(findingParts).flatMap(part => Object.entries(part));

describe('the table of findings', () => {
  it('is written in docs/doctor.md: run `npm run docs`', () => {
    const written = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8');
    assert.ok(written === doctorPage(), 'docs/doctor.md is stale: run `npm run docs`');
  });

  it('has each id once, in one form, with sentences that end', () => {
    const ids = rows.map(([id]) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const [id, { why, fix }] of rows) {
      assert.match(id, /^[a-z]+(-[a-z0-9]+)+$/);
      assert.ok(isFindingId(id));
      assert.match(why, /^[A-Z].*\.$/, id);
      assert.match(fix, /\.$/, id);
      assert.doesNotMatch(why + fix, /\||\n/, `${id}: they stand in a table`);
    }
    assert.equal(isFindingId('toString'), false);
  });
});
