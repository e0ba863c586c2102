import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '@ackline/shared/error-codes';
import { refusesProvider } from '../../src/http/refuses-provider.ts';
import { abandoned, overLimit, unread } from '../../src/http/webhook-outcome.ts';
import { endpointOf } from '../support/endpoint.ts';

const endpoint = endpointOf();

function rejected(code: ErrorCode, reason: string): boolean {
  return refusesProvider({ kind: 'rejected', endpoint, code, reason, bodyUnread: false });
}

describe('what a provider gets as a failure of its webhook', () => {
  it('is what is refused by our fault, of an unread body too, and of a proven request whatever it is', () => {
    assert.ok(rejected('ACKLINE_NOT_DURABLE', 'not_durable'));
    assert.ok(rejected('ACKLINE_DRAINING', 'draining'));
    assert.ok(rejected('ACKLINE_INTERNAL', 'internal'));
    assert.ok(rejected('ACKLINE_CERTIFICATE_UNKNOWN', 'certificate_unknown'));
    assert.ok(refusesProvider(unread(endpoint, 'over_budget')));
    assert.ok(rejected('ACKLINE_MALFORMED', 'malformed'));
    assert.ok(refusesProvider(overLimit(endpoint, 1, false)));
  });

  it('is a signature that is not the one, and not a missing one', () => {
    assert.ok(rejected('ACKLINE_BAD_SIGNATURE', 'wrong_signature'));
    assert.ok(rejected('ACKLINE_BAD_SIGNATURE', 'timestamp_out_of_tolerance'));
    assert.ok(rejected('ACKLINE_BAD_SIGNATURE', 'certificate_url_refused'));
    assert.ok(!rejected('ACKLINE_BAD_SIGNATURE', 'missing_signature'));
    assert.ok(!rejected('ACKLINE_BAD_SIGNATURE', 'malformed_signature'));
  });

  it("is no stranger's mistake, no address over its limit, and nothing whose client has gone", () => {
    assert.ok(!rejected('ACKLINE_METHOD_NOT_ALLOWED', 'method_not_allowed'));
    assert.ok(!rejected('ACKLINE_UNSUPPORTED_TYPE', 'unsupported_type'));
    assert.ok(!rejected('ACKLINE_EMPTY_BODY', 'empty_body'));
    for (const kind of ['too_large', 'too_slow', 'gone'] as const)
      assert.ok(!refusesProvider(unread(endpoint, kind)));
    assert.ok(!refusesProvider(overLimit(endpoint, 1, true)));
    assert.ok(!refusesProvider(abandoned(endpoint)));
  });
});
