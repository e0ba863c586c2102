import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenSecret } from '../../src/send/given-secret.ts';

test('a secret is given as it is, or by the name of a variable', () => {
  assert.equal(givenSecret('whsec_x', {}), 'whsec_x');
  assert.equal(givenSecret('env:NEW_SECRET', { NEW_SECRET: 'from there' }), 'from there');
});

test('a variable that is not there is named, and nothing that could be a secret', () => {
  assert.throws(() => givenSecret('env:NEW_SECRET', { NEW_SECRET: '' }), {
    code: 'ACKLINE_SECRET_MISSING',
    message: 'The environment has no variable NEW_SECRET',
  });
  for (const secret of ['s3cret', 'A-B', `A${'B'.repeat(100)}`, '']) {
    assert.throws(() => givenSecret(`env:${secret}`, {}), {
      code: 'ACKLINE_SECRET_MISSING',
      message: 'The environment has no variable of that name',
    });
  }
});
