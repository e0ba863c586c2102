import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asTyped, programName } from '../../src/output/program-name.ts';

test('a checkout has the program through npm, the image, which has no scripts, on its PATH', () => {
  assert.equal(programName(), 'npx ackline');
  assert.equal(programName(new URL('no-such-folder/bootstrap.mjs', import.meta.url)), 'ackline');
});

test('commands are named as they are typed, and nothing else is touched', () => {
  const text = [
    'Repair it, then `ackline replay continue 7`; see `ackline --help`, or `ackline <command> --help`.',
    '  $ ackline check ackline.yaml',
    '  $ A=1 DATABASE_URL=postgres://… ackline spool drain /var/lib/ackline/spool',
    'what ackline is, `ackline` and crm 500',
  ].join('\n');
  assert.equal(asTyped(text, 'ackline'), text);
  assert.equal(
    asTyped(text, 'npx ackline'),
    [
      'Repair it, then `npx ackline replay continue 7`; see `npx ackline --help`, or `npx ackline <command> --help`.',
      '  $ npx ackline check ackline.yaml',
      '  $ A=1 DATABASE_URL=postgres://… npx ackline spool drain /var/lib/ackline/spool',
      'what ackline is, `ackline` and crm 500',
    ].join('\n'),
  );
});
