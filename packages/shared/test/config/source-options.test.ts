import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../src/app-error.ts';
import { inspectConfig, loadConfig } from '../../src/config/load-config.ts';
import { providers } from '../../src/providers/registry.ts';

const file = (options: string, { provider = 'generic', more = '' } = {}) =>
  `sources:\n  - name: shop\n    provider: ${provider}\n    path: /shop\n    secrets: [{ env: KEY }]\n${more}    options: ${options}\n`;

function load(text: string, production = false) {
  return loadConfig(text, { fileName: 'ackline.yaml', providers, production });
}

function errorsOf(text: string, production = false): string[] {
  try {
    load(text, production);
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    return error.message.split('\n');
  }
  return [];
}

const OPTIONS_LINE = 6;
const at = (column: number, rest: string) =>
  `ackline.yaml:${OPTIONS_LINE}:${column}  sources[0].options${rest}`;

describe('the options of a source', () => {
  it('are kept as they are written, and null where there are none', () => {
    const [source] = load(file('{ header: X-Signature, prefix: "sha256=" }')).sources;
    assert.deepEqual(source?.options, { header: 'X-Signature', prefix: 'sha256=' });
    assert.equal(load(file('{}').replace('    options: {}\n', '')).sources[0]?.options, null);
  });

  it('are refused of a provider that takes none, and left to the name where that is wrong', () => {
    assert.deepEqual(errorsOf(file('{}', { provider: 'github' })), [
      at(14, ': github takes no options: take them out'),
    ]);
    assert.deepEqual(errorsOf(file('{ header: X }', { provider: 'generik' })), [
      'ackline.yaml:3:15  sources[0].provider: there is no provider of this name; did you mean "generic"?',
    ]);
  });

  it('name each mistake at its own place, all at once', () => {
    assert.deepEqual(errorsOf(file('{ headre: X, encoding: hax, status: 500 }')), [
      at(16, ': unknown key "headre"; did you mean "header"?'),
      at(37, '.encoding: must be hex or base64; did you mean "hex"?'),
      at(50, '.status: must be 200, 201, 202 or 204'),
    ]);
    assert.deepEqual(errorsOf(file('{ contentTypes: [application/json, XML] }')), [
      at(
        49,
        '.contentTypes[1]: must be a content type in lower case, without parameters, such as application/json',
      ),
    ]);
    for (const none of ['5', '[]', 'X-Signature'])
      assert.deepEqual(errorsOf(file(none)), [at(14, ': must be a map')], none);
  });

  const refused = (options: string, path: string, message: RegExp) => {
    const errors = errorsOf(file(options));
    assert.equal(errors.length, 1, errors.join('\n'));
    assert.ok(errors[0]?.includes(`sources[0].options.${path}: `), errors[0]);
    assert.match(errors[0] ?? '', message);
  };

  it('have no template that could be signed in two ways, or without the body', () => {
    for (const signed of [
      '',
      '{timestamp}',
      'body',
      '{body}{body}',
      '{header}',
      '{{body}}',
      '{body} {',
      'ü{body}',
    ])
      refused(`{ signed: ${JSON.stringify(signed)} }`, 'signed', /must|twice/);
    for (const signed of ['{id}{body}', '{body}{id}', '{id}a{body}', '{timestamp}1{id}.{body}'])
      refused(`{ id: X-Id, timestampHeader: X-T, signed: "${signed}" }`, 'signed', /beside \{id\}/);
    refused('{ signed: "{id}.{body}" }', 'signed', /so that `id` must be a header/);
    refused('{ signed: "{id}.{body}", id: /id }', 'signed', /so that `id` must be a header/);
    refused('{ signed: "{url}{body}", contentTypes: [text/plain] }', 'signed', /only JSON/);
  });

  it('have no time that is not signed, and no signed one without its header', () => {
    refused('{ timestampHeader: X-Time }', 'timestampHeader', /nobody signed/);
    refused('{ signed: "{timestamp}.{body}" }', 'signed', /needs timestampHeader/);
    refused('{ timestampUnit: ms }', 'timestampUnit', /needs timestampHeader/);
    const same = '{ id: x-time, timestampHeader: X-Time, signed: "{timestamp}.{body}" }';
    refused(same, 'timestampHeader', /is the header of `id` too/);
  });

  it('keep the token out of what is stored, and have nothing of a signature beside it', () => {
    for (const key of ['id', 'type', 'orderingKey'])
      refused(
        `{ scheme: token, header: Authorization, ${key}: authorization }`,
        key,
        /the signature or the token/,
      );
    for (const given of [
      'algorithm: sha256',
      'encoding: hex',
      'key: text',
      'signed: "{body}"',
      'timestampUnit: s',
    ])
      refused(`{ scheme: token, ${given} }`, given.split(':')[0] ?? '', /belongs to the scheme hmac/);
  });

  it('take names of headers and JSON pointers, and nothing else', () => {
    for (const good of ['X-Id', 'x_id', '/', '/a/0', '/a~1b'])
      assert.deepEqual(errorsOf(file(`{ id: "${good}" }`)), [], good);
    for (const bad of ['', 'a b', 'ü', '/~2', '/a~', `/${'x'.repeat(200)}`, '$.id', 'body.id/x'])
      refused(`{ id: "${bad}" }`, 'id', /must be the name of a header, or a JSON pointer/);
    for (const bad of ['', 'X Y', '/id', 'X:', 'x'.repeat(101)])
      refused(`{ header: "${bad}" }`, 'header', /name of a header/);
    for (const bad of [' v1', 'ü', 'x'.repeat(65)]) refused(`{ prefix: "${bad}" }`, 'prefix', /ASCII/);
  });

  it('decide whether there is a time for a tolerance, and a URL for publicUrl', () => {
    const tolerance = { more: '    tolerance: 1m\n' };
    assert.deepEqual(errorsOf(file('{}', tolerance)), [
      'ackline.yaml:6:16  sources[0].tolerance: generic signs no time that could be out of it: take the tolerance out, or name its header in the options',
    ]);
    const timed = '{ timestampHeader: X-Time, signed: "{timestamp}.{body}" }';
    assert.equal(load(file(timed, tolerance)).sources[0]?.toleranceMs, 60_000);
    assert.equal(load(file(timed)).sources[0]?.toleranceMs, 300_000);
    assert.equal(load(file('{}')).sources[0]?.toleranceMs, null);
    assert.match(errorsOf(file('{ signed: "{url}{body}" }'), true)[0] ?? '', /generic signs the URL/);
    assert.deepEqual(errorsOf(file('{}'), true), []);
  });

  it('say nothing twice where the whole form of the file is wrong too', () => {
    const text = file('{ header: 5 }').replace('path: /shop', 'path: shop');
    assert.deepEqual(
      errorsOf(text).map(line => line.split('  ')[1]?.split(':')[0]),
      ['sources[0].path', 'sources[0].options.header'],
    );
  });

  it('that are wrong leave a file that can be examined further', () => {
    const inspected = inspectConfig(file('{ headre: X }'), { fileName: 'a', providers, production: true });
    assert.equal(inspected.config?.sources[0]?.maxBodyBytes, 1_048_576);
    assert.notEqual(inspected.list(), '');
  });
});
