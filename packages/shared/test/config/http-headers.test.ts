import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type KnownProviders, loadConfig } from '../../src/config/load-config.ts';
import { secretHeaders } from '../../src/config/secret-headers.ts';

const provider = {
  checkSecret: () => true as const,
  contentTypes: [],
  signsUrl: false,
  toleranceMs: null,
  overLimit: 'reject' as const,
};
const providers: KnownProviders = new Map([['telegram', provider]]);
const SOURCES = 'sources: [{ name: s, provider: telegram, path: /s, secrets: [{ env: A }] }]\n';

/** The headers begin at line 7. */
const load = (headers: string, type = "type: http\n    url: 'http://a.b'") => {
  const text = `${SOURCES}destinations:\n  - name: d\n    ${type}\n    headers:\n${headers}\n`;
  const [destination] = loadConfig(text, {
    fileName: 'ackline.yaml',
    providers,
    production: true,
  }).destinations;
  assert.ok(destination?.type === 'http');
  return destination;
};
const errorsOf = (headers: string, type?: string): readonly string[] => {
  try {
    load(headers, type);
  } catch (error) {
    return (error as Error).message.split('\n').map(line => line.replace(/destinations\[0\]/, ''));
  }
  return [];
};
const one = (name: string, value = 'x') => errorsOf(`      ${name}: ${value}`).join('|');
const place = 'ackline.yaml:7:';

describe('the headers of a destination of type http', () => {
  it('are as docs/http.md shows them: texts, and secrets by reference', () => {
    const page = readFileSync(new URL('../../../../docs/http.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('## Headers of a destination\n');
    const [, example = ''] = /^```yaml\n(.*?)^```$/ms.exec(section) ?? [];
    const [destination] = loadConfig(SOURCES + example, {
      fileName: 'http.md',
      providers,
      production: true,
    }).destinations;
    assert.ok(destination?.type === 'http');
    assert.deepEqual(destination.headers, {
      'x-api-key': { file: '/etc/ackline/secrets/crm/key' },
      authorization: { env: 'CRM_AUTH' },
      'x-team': 'shop',
    });
    assert.deepEqual(secretHeaders(destination), [
      ['x-api-key', { file: '/etc/ackline/secrets/crm/key' }],
      ['authorization', { env: 'CRM_AUTH' }],
    ]);
  });

  it('are none where the file has none', () => {
    const { destinations } = loadConfig(
      `${SOURCES}destinations: [{ name: d, type: http, url: 'http://a.b' }]\n`,
      { fileName: 'ackline.yaml', providers, production: true },
    );
    assert.ok(destinations[0]?.type === 'http');
    assert.deepEqual(destinations[0].headers, {});
  });

  it('are refused where Ackline or HTTP sets them itself, in any case, each with its line and why', () => {
    for (const name of ['Host', 'content-length', 'Transfer-Encoding', 'CONNECTION', 'keep-alive', 'te']) {
      assert.match(
        one(name),
        new RegExp(`^${place}\\d+ {2}\\.headers\\.${name}: is of the connection`),
        name,
      );
    }
    for (const name of ['trailer', 'upgrade', 'expect', 'proxy-authorization', 'proxy-connection']) {
      assert.match(one(name), /is of the connection, which HTTP sets itself: take it out$/, name);
    }
    for (const name of ['webhook-id', 'Webhook-Timestamp', 'webhook-signature', 'webhook-replay']) {
      assert.match(one(name), /: is Ackline's own, which a receiver believes: take it out$/, name);
    }
    assert.match(one('Ackline-Url'), /: is Ackline's own/);
    for (const name of ['traceparent', 'TraceState']) {
      assert.match(one(name), /: is of the trace of each event: take it out$/, name);
    }
    for (const name of ['Content-Type', 'content-encoding', 'content-digest']) {
      assert.match(
        one(name),
        /: says how to read the body, which the event or its route does: take it out$/,
        name,
      );
    }
    assert.match(one('host', '{ env: HOST }'), /: is of the connection/, 'a secret is no way around');
    assert.equal(one('webhook-token'), '', 'what a gateway may ask for');
  });

  it('have names that HTTP has, which are not shown where they are none', () => {
    for (const name of [
      "'x key'",
      "'x:key'",
      "'x(key)'",
      "''",
      "'schl\u00fcssel'",
      `'${'a'.repeat(101)}'`,
      '"a\\r\\nb"',
    ]) {
      assert.match(one(name), /^ackline\.yaml:7:\d+ {2}\.headers: must have names of /, name);
    }
    assert.doesNotMatch(one("'Bearer hunter2'"), /hunter/);
    assert.equal(one("x!#$%&'*+-.^_`|~9"), '');
  });

  it('that JavaScript would drop are refused by name, as are such secrets and settings of handlers', () => {
    const message = 'can not be a name here: take it out';
    const headers = '      x-key: a\n      __proto__: b';
    assert.deepEqual(errorsOf(headers), [`ackline.yaml:8:18  .headers.__proto__: ${message}`]);
    const kafka = errorsOf('      "__proto__": b', 'type: kafka\n    topic: t');
    assert.deepEqual(kafka, [`ackline.yaml:7:20  .headers.__proto__: ${message}`]);
    const handler =
      'type: handler\n    module: ./a.ts\n    secrets: { __proto__: { env: A } }\n    settings: { __proto__: 1 }';
    const errors = errorsOf('      a: b', handler).join('\n');
    for (const map of ['secrets', 'settings'])
      assert.match(errors, new RegExp(`\\.${map}\\.__proto__: ${message}`));
  });

  it('are unique in any case, and 20 at most', () => {
    assert.deepEqual(errorsOf('      X-Key: a\n      x-key: b'), [
      'ackline.yaml:8:14  .headers.x-key: is the header X-Key too: names are the same in any case',
    ]);
    const lines = (count: number) => Array.from({ length: count }, (_, n) => `      x-${n}: a`).join('\n');
    assert.deepEqual(errorsOf(lines(20)), []);
    assert.match(
      errorsOf(lines(21)).join('|'),
      /^ackline\.yaml:7:\d+ {2}\.headers: must be 20 headers at most$/,
    );
  });

  it('have values of visible ASCII, 4 KiB at most, or a secret; none is repeated', () => {
    const bad = [
      "''",
      "' a'",
      "'a '",
      '"a\\nb"',
      '"a\\tb"',
      "'caf\u00e9'",
      '"a\\0b"',
      `'${'a'.repeat(4_097)}'`,
    ];
    for (const value of [
      ...bad,
      '7',
      'true',
      '[hunter2]',
      '{}',
      '{ value: hunter2 }',
      '{ env: A, file: /b }',
    ]) {
      const error = one('x-key', value);
      assert.match(error, /^ackline\.yaml:7:\d+ {2}\.headers\.x-key: must be /, value);
      assert.doesNotMatch(error, /hunter/);
    }
    assert.match(
      one('x-key', "{ env: 'hunter 2' }"),
      /\.headers\.x-key\.env: must be the name of an environment/,
    );
    for (const value of ["'7'", 'Basic Zm9vOmJhcg==', `'${'~'.repeat(4_096)}'`, '"!"']) {
      assert.equal(one('x-key', value), '', value);
    }
    for (const headers of ['[]', 'x', '7']) {
      const text = `${SOURCES}destinations: [{ name: d, type: http, url: 'http://a.b', headers: ${headers} }]\n`;
      assert.throws(
        () => loadConfig(text, { fileName: 'ackline.yaml', providers, production: true }),
        /headers: must be a map of headers/,
      );
    }
  });

  it('are not those of a record, which has no secrets, nor of a handler', () => {
    assert.deepEqual(errorsOf('      team: { env: A }', 'type: kafka\n    topic: t').length, 1);
    assert.match(
      errorsOf('      team: { env: A }', 'type: kafka\n    topic: t').join('|'),
      /\.headers: must be a map of up to 20 headers: names of letters/,
    );
    assert.match(
      errorsOf('      team: a', 'type: handler\n    module: ./a.ts').join('|'),
      /\.headers: belongs to a destination of type http or kafka, and this is one of type handler/,
    );
  });
});
