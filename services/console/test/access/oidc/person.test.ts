import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Claims, personOf } from '../../../src/access/oidc/person.ts';

const ROLES = { roles: new Map([['sre', { scopes: ['view'] as const, tenant: null }]]), roleClaim: 'roles' };
const nameOf = (claims: Claims) => personOf({ roles: 'sre', ...claims }, ROLES).name;

describe('the name of a person in the audit', () => {
  const proven = nameOf({ sub: 'u-1', email: 'anna@example.com', email_verified: true });

  it('is the address where the provider says that it is proven', () => {
    assert.equal(proven, 'oidc:anna@example.com');
  });

  it('is another one than that of who has the address of somebody else as an id, or without proof', () => {
    for (const claims of [
      { sub: 'anna@example.com' },
      { sub: 'anna@example.com', email: 'mallory@example.com', email_verified: false },
      { sub: 'u-2', email: 'anna@example.com' },
      { sub: 'u-2', email: 'anna@example.com', email_verified: false },
      { sub: 'u-2', email: 'anna@example.com', email_verified: 'true' },
      { sub: 'u-2', email: ['anna@example.com'], email_verified: true },
    ])
      assert.equal(nameOf(claims), `oidc-sub:${claims.sub}`);
  });

  it('is as long as the standard lets an id be', () => {
    const sub = 'x'.repeat(255);
    assert.equal(nameOf({ sub }), `oidc-sub:${sub}`);
  });

  it('is never nobody’s: without an id that can be read there is no person', () => {
    for (const claims of [
      {},
      { sub: '' },
      { sub: 'a b' },
      { sub: 'a‮b' },
      { sub: 1 },
      { sub: 'x'.repeat(256) },
    ])
      assert.throws(() => nameOf(claims), { code: 'ACKLINE_OIDC_REFUSED' });
  });
});
