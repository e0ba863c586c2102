import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { jsonMember, jsonParts } from '../../../src/providers/body/json-parts.ts';

const partsOf = (json: string) => [...jsonParts(Buffer.from(json))].map(part => Buffer.from(part).toString());
const memberOf = (json: string, name: string) => {
  const found = jsonMember(Buffer.from(json), name);
  return found === null ? null : Buffer.from(found).toString();
};

describe('pieces of a JSON text', () => {
  it('are what stands between the commas, byte for byte', () => {
    assert.deepEqual(partsOf(' [1.10, {"a":[1,2]} ,"x,]\\",",9007199254740993]'), [
      '1.10',
      ' {"a":[1,2]} ',
      '"x,]\\","',
      '9007199254740993',
    ]);
    assert.deepEqual(partsOf('{"a":{"b":1,"c":2},"d":[]}'), ['"a":{"b":1,"c":2}', '"d":[]']);
    assert.deepEqual(partsOf('[ ]'), [' ']);
  });

  it('are a member’s value, however its name is written, and of several the last one', () => {
    assert.equal(memberOf('{"a":1,"events" : [1],"b":{"events":2}}', 'events'), ' [1]');
    assert.equal(memberOf('{"events":1,"\\u0065vents":2}', 'events'), '2');
    assert.equal(memberOf('{"a:":1,"b":":"}', 'b'), '":"');
    assert.equal(memberOf('{"a:":1}', 'a:'), '1');
    for (const json of ['{}', '{"a":"events"}', '{"a":{"events":1}}', '[]'])
      assert.equal(memberOf(json, 'events'), null, json);
  });

  it('give together what JSON.parse reads, whatever it is', () => {
    const spaced = fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, ' ', '\t\n'));
    fc.assert(
      fc.property(fc.array(spaced, { minLength: 1 }), values => {
        const json = `[${values.map(([value, space]) => JSON.stringify(value, null, space)).join(' ,\n')}]`;
        const texts = partsOf(json).map(text => JSON.stringify(JSON.parse(text)));
        assert.deepEqual(
          texts,
          values.map(([value]) => JSON.stringify(value)),
        );
      }),
    );
    const objects = fc.dictionary(fc.string({ unit: 'binary', maxLength: 5 }), fc.jsonValue());
    fc.assert(
      fc.property(objects, object => {
        const json = JSON.stringify(object, null, 1);
        const read = JSON.parse(json) as Record<string, unknown>;
        for (const name of Object.keys(read))
          assert.deepEqual(
            JSON.parse(memberOf(json, name) ?? ''),
            Object.getOwnPropertyDescriptor(read, name)?.value,
          );
      }),
    );
  });

  it('never throw on what is no JSON', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        Array.from(jsonParts(bytes));
      }),
    );
  });
});
