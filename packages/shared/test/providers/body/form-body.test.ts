import assert from 'node:assert/strict';
import { parse } from 'node:querystring';
import { describe, it } from 'node:test';

import { onlyValue, readForm } from '../../../src/providers/body/form-body.ts';
import { fixture } from '../support/requests.ts';

const read = (text: string) => readForm(Buffer.from(text));

describe('readForm', () => {
  it('decodes what Node and Express decode, on every well-formed fixture', () => {
    const names = [
      'incoming-sms',
      'incoming-whatsapp-media',
      'unicode-plus-percent',
      'spelled-otherwise',
      'repeated-parameters',
    ];
    for (const name of names) {
      const body = fixture(`twilio/${name}.form`);
      const expected = Object.entries(parse(body.toString())).map(([key, value]) => [key, [value].flat()]);
      assert.deepEqual([...(readForm(body) ?? [])], expected, name);
    }
  });

  it('refuses broken escapes and bytes that are not UTF-8, escaped or not', () => {
    for (const text of ['a=%', 'a=%4', 'a=%zz', '%=1', 'a=%FF', 'a=%C3%28', 'a=%ED%A0%80', 'a=%C0%80'])
      assert.equal(read(text), null, text);
    assert.equal(readForm(fixture('twilio/raw-invalid-utf8.form')), null);
  });

  it('treats no name as special', () => {
    const form = read('__proto__=1&constructor=2&__proto__=3&=4&toString');
    assert.deepEqual(
      [...(form ?? [])],
      [
        ['__proto__', ['1', '3']],
        ['constructor', ['2']],
        ['', ['4']],
        ['toString', ['']],
      ],
    );
  });

  it('stops at 1,000 parameters', () => {
    assert.equal(read(Array.from({ length: 1000 }, (_, index) => `k${index}=`).join('&'))?.size, 1000);
    assert.equal(read('&'.repeat(1000)), null);
    assert.equal(read('a&'.repeat(5_000_000)), null);
  });

  it('reads an empty body as no parameters', () => {
    assert.equal(read('')?.size, 0);
  });
});

describe('onlyValue', () => {
  it('gives a value that is the same however often it is sent, and none out of different ones', () => {
    const form = read('same=1&same=1&other=1&other=2&empty=');
    assert.ok(form);
    assert.equal(onlyValue(form, 'same'), '1');
    assert.equal(onlyValue(form, 'other'), null);
    assert.equal(onlyValue(form, 'empty'), '');
    assert.equal(onlyValue(form, 'absent'), null);
  });
});
