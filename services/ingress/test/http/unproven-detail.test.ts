import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorCodes } from '@ackline/shared/error-codes';
import { gitlab } from '@ackline/shared/providers/gitlab';
import { standardWebhooks } from '@ackline/shared/providers/standard-webhooks';
import { respondio } from '@ackline/shared/providers/respondio';
import { unprovenDetail } from '../../src/http/unproven-detail.ts';
import { sourceConfig } from '../support/endpoint.ts';

const endpoint = {
  source: sourceConfig({ name: 'faster-incoming', provider: 'respondio' }),
  provider: respondio,
};

const requestId = '019ab2c4-0000-4000-8000-000000000001';
const detailOf = (reason: string, isProduction: boolean, of = endpoint) =>
  unprovenDetail(of, { reason, requestId, isProduction });

describe('a sender that was not proven', () => {
  it('is told the header that is missing, and in development the command that signs a sample', () => {
    const missing = 'The header X-Webhook-Signature is missing: it proves that respondio is the sender.';
    assert.equal(detailOf('missing_signature', true), missing);
    assert.equal(
      detailOf('missing_signature', false),
      `${missing} A signed sample gets 200: npx ackline send respondio --source faster-incoming`,
    );
  });

  it('is told all headers that the proof is made of, where it is made of several', () => {
    assert.equal(
      detailOf('missing_signature', true, { ...endpoint, provider: standardWebhooks }),
      'One of the headers webhook-signature, webhook-id, webhook-timestamp is missing: together they prove that standard-webhooks is the sender.',
    );
  });

  it('is told the headers for either kind of secret, where a provider has two', () => {
    assert.equal(
      detailOf('missing_signature', true, { ...endpoint, provider: gitlab }),
      'What proves that gitlab is the sender is missing: by the kind of the secret that is the header X-Gitlab-Token, or the headers webhook-signature, webhook-id, webhook-timestamp together.',
    );
  });

  it('is not told in production which doubt there was, and no name of the configuration', () => {
    const { fix } = errorCodes.ACKLINE_BAD_SIGNATURE;
    for (const reason of ['wrong_signature', 'malformed_signature', 'duplicate_signature', 'no_secret'])
      assert.equal(detailOf(reason, true), fix, reason);
  });

  it('is told in development the command that says why a signature that is there is wrong', () => {
    assert.equal(
      detailOf('wrong_signature', false),
      `${errorCodes.ACKLINE_BAD_SIGNATURE.fix} A signed sample gets 200: npx ackline send respondio --source faster-incoming` +
        `; why this one did not: npx ackline doctor signature ${requestId}`,
    );
  });
});
