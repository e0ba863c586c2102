import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { svix } from '../../src/providers/svix.ts';
import { fixture, identityOf, NOW, refusal } from './support/requests.ts';
import {
  createSvixSdk,
  ID,
  OTHER_SECRET,
  SECRET,
  secondsOf,
  signatureOf,
  standardPairTable,
  standardPost,
  standardTable,
} from './standard/table.ts';
import { testSignedProvider } from './support/suite.ts';

testSignedProvider(standardTable(svix, 'svix', { name: 'svix', create: createSvixSdk }));
testSignedProvider(standardPairTable(svix, 'svix'));

const BODY = fixture('standard-webhooks/contact-created.json');
const proof = { id: ID, seconds: secondsOf(NOW), signature: signatureOf(BODY, { secret: SECRET, at: NOW }) };
const wrong = { ...proof, id: 'other', signature: signatureOf(BODY, { secret: OTHER_SECRET, at: NOW }) };

describe('svix, by the names of Standard Webhooks', () => {
  const unbranded = standardPost('webhook', proof, BODY);

  it('takes what a sender without the names of Svix signed, as the SDK does', () => {
    assert.equal(refusal(svix, unbranded, [SECRET]), 'verified');
    assert.equal(identityOf(svix, unbranded).dedupKey, ID);
    const at = Date.now();
    const signature = signatureOf(BODY, { secret: SECRET, at });
    const fresh = standardPost('webhook', { id: ID, seconds: secondsOf(at), signature }, BODY);
    createSvixSdk(SECRET).verify(BODY.toString(), Object.fromEntries(fresh.headers));
  });

  it('reads its own names alone where there are both, for the proof and for the id', () => {
    const both = (own: typeof proof, others: typeof proof) => {
      const request = standardPost('svix', own, BODY);
      return { ...request, headers: [...standardPost('webhook', others, BODY).headers, ...request.headers] };
    };
    assert.equal(refusal(svix, both(proof, wrong), [SECRET]), 'verified');
    assert.equal(identityOf(svix, both(proof, wrong)).dedupKey, ID);
    assert.equal(refusal(svix, both(wrong, proof), [SECRET]), 'wrong_signature');
  });

  it('makes no proof of both: a signature by one name and the rest by the other', () => {
    const [type, id, timestamp, signature] = standardPost('svix', proof, BODY).headers;
    const [, otherId, otherTimestamp, otherSignature] = unbranded.headers;
    assert.ok(type && id && timestamp && signature && otherId && otherTimestamp && otherSignature);
    for (const headers of [
      [type, otherId, otherTimestamp, signature],
      [type, id, otherTimestamp, otherSignature],
      [type, otherId, timestamp, signature],
    ])
      assert.equal(refusal(svix, { ...unbranded, headers }, [SECRET]), 'missing_signature');
  });
});
