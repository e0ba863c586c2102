import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../src/config.ts';

const BASE = { DATABASE_URL: 'postgres://ackline:p@127.0.0.1:5432/ackline' };
const OIDC = {
  CONSOLE_PUBLIC_URL: 'https://console.example.com/',
  CONSOLE_OIDC_ISSUER: 'https://login.example.com/realms/ops',
  CONSOLE_OIDC_CLIENT_ID: 'ackline',
  CONSOLE_OIDC_CLIENT_SECRET: 'hush',
  CONSOLE_OIDC_ROLES:
    '{"sre":{"scopes":["view","view","operate"]},"acme":{"scopes":["view"],"tenant":"acme"}}',
};
const refusalOf = (more: Record<string, string>) => {
  try {
    loadConfig({ ...BASE, ...more });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('signing in with an OpenID provider', () => {
  it('is off where no issuer is set', () => {
    assert.equal(loadConfig(BASE).oidc, null);
  });

  it('has roles in the order of their declaration, and where to come back to', () => {
    const { oidc, rules } = loadConfig({ ...BASE, ...OIDC });
    assert.deepEqual(
      [...(oidc?.roles ?? [])],
      [
        ['sre', { scopes: ['view', 'operate'], tenant: null }],
        ['acme', { scopes: ['view'], tenant: 'acme' }],
      ],
    );
    assert.equal(oidc?.publicUrl.href, 'https://console.example.com/');
    assert.equal(rules.publicUrl?.origin, 'https://console.example.com');
    assert.deepEqual(oidc?.clientSecret, { env: 'CONSOLE_OIDC_CLIENT_SECRET' });
    const file = loadConfig({
      ...BASE,
      ...OIDC,
      CONSOLE_OIDC_CLIENT_SECRET: '',
      CONSOLE_OIDC_CLIENT_SECRET_FILE: '/s',
    });
    assert.deepEqual(file.oidc?.clientSecret, { file: '/s' });
  });

  it('needs all of its variables, and names each that is missing', () => {
    const message = refusalOf({ CONSOLE_OIDC_ISSUER: OIDC.CONSOLE_OIDC_ISSUER });
    for (const name of ['CLIENT_ID', 'ROLES', 'CLIENT_SECRET'])
      assert.match(message ?? '', new RegExp(`CONSOLE_OIDC_${name}: `));
    assert.match(message ?? '', /CONSOLE_PUBLIC_URL: must be set with CONSOLE_OIDC_ISSUER/);
    const both = refusalOf({ ...OIDC, CONSOLE_OIDC_CLIENT_SECRET_FILE: '/s' });
    assert.match(both ?? '', /and not both/);
    assert.doesNotMatch(both ?? '', /hush/);
  });

  it('says of roles what is wrong, by its place', () => {
    for (const [roles, words] of [
      ['{', /CONSOLE_OIDC_ROLES: it: /],
      ['[]', /CONSOLE_OIDC_ROLES: it: /],
      ['{}', /must have 1 to 100 roles/],
      ['{"sre":{"scopes":[]}}', /sre\.scopes: /],
      ['{"sre":{"scopes":["admin"]}}', /sre\.scopes\.0: .*"view"/],
      ['{"sre":{"scopes":["view"],"tenants":"acme"}}', /sre: .*"tenants"/],
      ['{"7":{"scopes":["view"]}}', /must not be a number alone/],
    ] as const)
      assert.match(refusalOf({ ...OIDC, CONSOLE_OIDC_ROLES: roles }) ?? '', words, roles);
  });

  it('takes an issuer by https, and by http of this machine alone', () => {
    for (const issuer of [
      'http://login.example.com',
      'login.example.com',
      'https://login.example.com/?a=1',
      'file:///etc',
    ])
      assert.match(
        refusalOf({ ...OIDC, CONSOLE_OIDC_ISSUER: issuer }) ?? '',
        /CONSOLE_OIDC_ISSUER: must be/,
        issuer,
      );
    assert.equal(refusalOf({ ...OIDC, CONSOLE_OIDC_ISSUER: 'http://127.0.0.1:8080/x' }), null);
    for (const url of [
      'https://console.example.com/ackline',
      'ftp://console.example.com',
      'console.example.com',
    ])
      assert.match(refusalOf({ ...OIDC, CONSOLE_PUBLIC_URL: url }) ?? '', /CONSOLE_PUBLIC_URL: must be/, url);
  });
});

describe('where a trace is looked at', () => {
  it('is a URL of the web with a place for the trace', () => {
    const CONSOLE_TRACE_URL = 'https://traces.example.com/?q={traceId}';
    assert.equal(
      loadConfig({ ...BASE, CONSOLE_TRACE_URL }).traceUrl?.('4b&f9'),
      'https://traces.example.com/?q=4b%26f9',
    );
    assert.equal(loadConfig(BASE).traceUrl, null);
    for (const url of ['https://traces.example.com/', 'javascript:alert({traceId})', '{traceId}'])
      assert.match(
        refusalOf({ CONSOLE_TRACE_URL: url }) ?? '',
        /CONSOLE_TRACE_URL.*with \{traceId\} in it/s,
        url,
      );
  });
});
