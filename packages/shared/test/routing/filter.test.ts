import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileFilter } from '../../src/routing/filter.ts';
import { filterDocument } from '../../src/routing/filter-document.ts';
import type { RoutableEvent } from '../../src/routing/routable-event.ts';
import { routableEvent } from './routing-examples.ts';

function takes(where: unknown, event: Partial<RoutableEvent>): boolean {
  const compiled = compileFilter(where);
  assert.ok('filter' in compiled, JSON.stringify(compiled));
  return compiled.filter(filterDocument(routableEvent(event)));
}

const json = (text: string): Partial<RoutableEvent> => ({ body: Buffer.from(text) });

/** What is asked of `body.a`, JSON bodies that pass, and some that do not. */
type Case = readonly [asked: unknown, passing: readonly string[], failing: readonly string[]];

function checkAt(path: string, cases: readonly Case[]): void {
  for (const [asked, passing, failing] of cases) {
    const shown = JSON.stringify(asked, (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
    for (const text of passing)
      assert.equal(takes({ [path]: asked }, json(text)), true, `${path} ${shown} ${text}`);
    for (const text of failing)
      assert.equal(takes({ [path]: asked }, json(text)), false, `${path} ${shown} ${text}`);
  }
}

describe('a filter compares', () => {
  it('scalars by kind and value', () => {
    checkAt('body.a', [
      ['x', ['{"a":"x"}'], ['{"a":"X"}', '{"a":"xx"}', '{"a":5}', '{"a":null}', '{}', '{"a":{"x":"x"}}']],
      [5, ['{"a":5}', '{"a":5.0}'], ['{"a":"5"}', '{"a":5.5}', '{"a":true}', '{}']],
      [0, ['{"a":0}', '{"a":-0}'], ['{"a":false}', '{"a":null}', '{"a":""}', '{"a":[]}']],
      [true, ['{"a":true}'], ['{"a":1}', '{"a":"true"}', '{"a":false}', '{}']],
      ['', ['{"a":""}'], ['{"a":null}', '{}', '{"a":0}', '{"a":[]}']],
      [{ $eq: 'x' }, ['{"a":"x"}', '{"a":["y","x"]}'], ['{"a":"y"}', '{}']],
      [{ $ne: 'x' }, ['{"a":"y"}', '{}', '{"a":null}', '{"a":["y"]}'], ['{"a":"x"}', '{"a":["y","x"]}']],
    ]);
  });

  it('null with what is null and with what is missing', () => {
    checkAt('body.a', [
      [
        null,
        ['{"a":null}', '{}', '{"b":1}', '{"a":[1,null]}', '5'],
        ['{"a":0}', '{"a":""}', '{"a":[]}', '{"a":{}}'],
      ],
      [{ $ne: null }, ['{"a":0}', '{"a":[]}'], ['{"a":null}', '{}']],
      [{ $in: [null, 1] }, ['{}', '{"a":null}', '{"a":1}'], ['{"a":2}']],
      [{ $nin: [null] }, ['{"a":2}'], ['{}', '{"a":null}']],
    ]);
    checkAt('body.a.b', [
      [
        null,
        ['{}', '{"a":{}}', '{"a":5}', '{"a":null}', '{"a":[{"b":1},{}]}'],
        ['{"a":{"b":1}}', '{"a":[]}', '{"a":[1,2]}'],
      ],
    ]);
  });

  it('integers beyond 2^53 exactly, whichever way they were read', () => {
    checkAt('body.a', [
      [
        9007199254740993n,
        ['{"a":9007199254740993}', '{"a":[1,9007199254740993]}'],
        ['{"a":9007199254740992}', '{"a":9007199254740994}', '{"a":"9007199254740993"}'],
      ],
      [{ $in: [18446744073709551615n] }, ['{"a":18446744073709551615}'], ['{"a":18446744073709551614}']],
      [5n, ['{"a":5}'], ['{"a":6}']],
      [9007199254740992, ['{"a":9007199254740992}'], ['{"a":9007199254740993}']],
      [
        { $gt: 9007199254740992n },
        ['{"a":9007199254740993}', '{"a":1e300}'],
        ['{"a":9007199254740992}', '{"a":5}'],
      ],
      [{ $lt: 9007199254740993n }, ['{"a":9007199254740992}', '{"a":5.5}'], ['{"a":9007199254740993}']],
      [{ $gte: 5 }, ['{"a":18446744073709551615}'], ['{"a":-18446744073709551615}']],
      [
        { $eq: { id: 9007199254740993n } },
        ['{"a":{"id":9007199254740993}}'],
        ['{"a":{"id":9007199254740994}}'],
      ],
    ]);
  });

  it('numbers with numbers and texts with texts, and nothing else by order', () => {
    checkAt('body.a', [
      [
        { $gt: 5 },
        ['{"a":6}', '{"a":5.1}', '{"a":[1,9]}'],
        ['{"a":5}', '{"a":"6"}', '{"a":true}', '{"a":null}', '{}', '{"a":[1]}', '{"a":[]}'],
      ],
      [{ $gte: 5 }, ['{"a":5}'], ['{"a":4.9}', '{"a":[[9]]}']],
      [{ $lt: 5 }, ['{"a":4}', '{"a":-1}'], ['{"a":5}', '{"a":null}', '{}', '{"a":false}']],
      [{ $lte: 5 }, ['{"a":5}', '{"a":1}'], ['{"a":6}', '{"a":{}}']],
      [{ $gt: 'b' }, ['{"a":"c"}', '{"a":"ba"}'], ['{"a":"b"}', '{"a":"B"}', '{"a":9}']],
      [{ $gte: '2026-11-01' }, ['{"a":"2026-11-28T10:00:00Z"}'], ['{"a":"2026-10-31T23:59:59Z"}']],
      [{ $gt: 1, $lt: 5 }, ['{"a":3}', '{"a":[0,9]}'], ['{"a":5}', '{"a":0}']],
    ]);
  });

  it('lists and maps as a whole by $eq alone, members in any order', () => {
    checkAt('body.a', [
      [{ $eq: [1, 2] }, ['{"a":[1,2]}', '{"a":[[1,2],3]}'], ['{"a":[2,1]}', '{"a":[1,2,3]}', '{"a":1}']],
      [{ $eq: [] }, ['{"a":[]}', '{"a":[[]]}'], ['{}', '{"a":[1]}', '{"a":null}']],
      [
        { $eq: { x: 1, y: null } },
        ['{"a":{"y":null,"x":1}}', '{"a":[{"x":1,"y":null}]}'],
        ['{"a":{"x":1}}', '{"a":{"x":1,"y":null,"z":2}}', '{"a":{"x":1,"z":null}}'],
      ],
      [{ $eq: {} }, ['{"a":{}}'], ['{"a":{"x":1}}', '{}', '{"a":[]}']],
      [{ $ne: [1] }, ['{"a":[2]}', '{}'], ['{"a":[1]}']],
    ]);
  });

  it('with each of a list of values', () => {
    checkAt('body.a', [
      [
        { $in: ['x', 5, true] },
        ['{"a":"x"}', '{"a":5}', '{"a":true}', '{"a":["z","x"]}'],
        ['{"a":"5"}', '{"a":false}', '{}', '{"a":["z"]}'],
      ],
      [{ $nin: ['x', 5] }, ['{"a":"y"}', '{}', '{"a":[]}'], ['{"a":"x"}', '{"a":[1,5]}']],
      [{ $all: ['x', 'y'] }, ['{"a":["y","z","x"]}'], ['{"a":["x"]}', '{"a":"x"}', '{}']],
      [{ $all: ['x'] }, ['{"a":"x"}', '{"a":["x"]}'], ['{"a":[["x"]]}']],
    ]);
  });
});

describe('a filter looks at', () => {
  it('whether something is there, and of which kind', () => {
    checkAt('body.a', [
      [
        { $exists: true },
        ['{"a":null}', '{"a":0}', '{"a":[]}'],
        ['{}', '{"b":{"a":1}}', '[]', '5', 'no json'],
      ],
      [{ $exists: false }, ['{}', '[]', '5', 'no json'], ['{"a":null}', '{"a":[]}']],
      [{ $type: 'string' }, ['{"a":"x"}', '{"a":[1,"x"]}'], ['{"a":1}', '{}', '{"a":[]}']],
      [{ $type: 'number' }, ['{"a":1.5}', '{"a":18446744073709551615}'], ['{"a":"1"}', '{"a":true}']],
      [{ $type: 'bool' }, ['{"a":false}'], ['{"a":0}', '{"a":null}']],
      [{ $type: 'null' }, ['{"a":null}'], ['{}', '{"a":0}']],
      [{ $type: 'array' }, ['{"a":[]}', '{"a":[1]}'], ['{"a":{}}', '{"a":"x"}']],
      [{ $type: 'object' }, ['{"a":{}}', '{"a":[{}]}'], ['{"a":[]}', '{"a":null}']],
      [{ $type: ['string', 'null'] }, ['{"a":"x"}', '{"a":null}'], ['{"a":1}', '{}']],
    ]);
  });

  it('lists on the way of a path element by element, and by index', () => {
    checkAt('body.a.b', [
      [
        1,
        ['{"a":{"b":1}}', '{"a":[{"b":2},{"b":1}]}', '{"a":[{"b":[3,1]}]}'],
        ['{"a":[{"b":2}]}', '{"a":[[{"b":1}]]}', '{"a":[1]}', '{"a":1}'],
      ],
      [{ $ne: 1 }, ['{"a":[{"b":2}]}', '{"a":[]}', '{}'], ['{"a":[{"b":2},{"b":1}]}']],
      [{ $exists: true }, ['{"a":[{},{"b":null}]}'], ['{"a":[{}]}', '{"a":[]}', '{"a":["b"]}']],
    ]);
    checkAt('body.a.1', [
      [
        'x',
        ['{"a":["y","x"]}', '{"a":{"1":"x"}}', '{"a":[{"1":"x"}]}', '{"a":[0,["z","x"]]}'],
        ['{"a":["x"]}', '{"a":["x","y"]}', '{"a":"x"}'],
      ],
      [null, ['{"a":["y"]}', '{"a":["y",null]}', '{}'], ['{"a":["y","x"]}', '{"a":[{"b":1},{"b":2}]}']],
      [{ $exists: true }, ['{"a":[1,2]}'], ['{"a":[1]}', '{"a":[]}']],
    ]);
    checkAt('body.a.0.b', [[1, ['{"a":[{"b":1}]}'], ['{"a":[{"b":2},{"b":1}]}', '{"a":[]}']]]);
    checkAt('body.a.01', [[1, ['{"a":{"01":1}}'], ['{"a":[0,1]}']]]);
    checkAt('body.0.a', [[1, ['[{"a":1}]'], ['[{"a":2},{"a":1}]', '{"a":1}']]]);
    checkAt('body.a', [[1, ['[{"a":2},{"a":1}]'], ['[]', '[1]']]]);
  });

  it('a body that is no map', () => {
    checkAt('body', [
      ['x', ['"x"', '["x"]'], ['"y"', '{}', '']],
      [{ $type: 'array' }, ['[]'], ['{}', '5']],
      [{ $exists: true }, ['null', '0', '{}'], ['', 'no json', '{"a":']],
      [null, ['null', 'no json'], ['0']],
    ]);
  });

  it('elements that pass several conditions at once', () => {
    checkAt('body.a', [
      [
        { $elemMatch: { k: 'x', n: { $gt: 1 } } },
        ['{"a":[{"k":"x","n":2}]}', '{"a":[{"k":"y"},{"k":"x","n":2}]}'],
        ['{"a":[{"k":"x","n":1},{"k":"y","n":2}]}', '{"a":{"k":"x","n":2}}', '{"a":["x"]}', '{}'],
      ],
      [
        { $elemMatch: { $gt: 1, $lt: 5 } },
        ['{"a":[0,3]}'],
        ['{"a":[0,9]}', '{"a":3}', '{"a":[[3]]}', '{"a":[]}'],
      ],
      [{ $elemMatch: { $or: [{ k: 1 }, { 'm.k': 2 }] } }, ['{"a":[{"m":{"k":2}}]}'], ['{"a":[{"k":2}]}']],
      [{ $elemMatch: { $not: { $eq: 1 } } }, ['{"a":[1,2]}'], ['{"a":[1]}', '{"a":[]}']],
      [{ $elemMatch: { l: { $elemMatch: { $eq: 1 } } } }, ['{"a":[{"l":[0,1]}]}'], ['{"a":[{"l":1}]}']],
      [{ $elemMatch: { k: null } }, ['{"a":[{}]}'], ['{"a":[1]}', '{"a":[{"k":1}]}']],
    ]);
    checkAt('body.a.l', [[{ $elemMatch: { $eq: 1 } }, ['{"a":[{"l":[1]}]}'], ['{"a":[{"l":1}]}']]]);
  });

  it('how many elements a list has', () => {
    checkAt('body.a', [
      [
        { $size: 2 },
        ['{"a":[1,2]}'],
        ['{"a":[1]}', '{"a":"xx"}', '{"a":[[1,2]]}', '{}', '{"a":{"length":2}}'],
      ],
      [{ $size: 0 }, ['{"a":[]}'], ['{}', '{"a":null}']],
      [{ $not: { $size: 0 } }, ['{"a":[1]}', '{}'], ['{"a":[]}']],
    ]);
  });

  it('how a text begins, ends and reads', () => {
    checkAt('body.a', [
      [{ $startsWith: '/st' }, ['{"a":"/start"}', '{"a":["x","/st"]}'], ['{"a":" /start"}', '{"a":5}', '{}']],
      [{ $endsWith: '.pdf' }, ['{"a":"x.pdf"}'], ['{"a":"x.PDF"}', '{"a":".pdf "}', '{"a":null}']],
      [
        { $regex: '^re(fund|turn)\\b' },
        ['{"a":"refund me"}', '{"a":["x","return"]}'],
        ['{"a":"a refund"}', '{"a":"Refund"}', '{"a":5}', '{}'],
      ],
      [{ $regex: 'straße', $options: 'i' }, ['{"a":"Neue STRAßE 5"}'], ['{"a":"weg"}']],
      [{ $regex: '^.$' }, ['{"a":"👋"}', '{"a":"é"}'], ['{"a":"ab"}', '{"a":""}']],
      [{ $regex: '\\d{3}', $startsWith: 'x' }, ['{"a":"x123"}'], ['{"a":"123"}', '{"a":"x12"}']],
      [{ $not: { $regex: 'spam' } }, ['{"a":"ham"}', '{}'], ['{"a":"spam"}']],
    ]);
  });

  it('own members only (F3)', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'length', 'hasOwnProperty'])
      checkAt(`body.${name}`, [
        [{ $exists: true }, [`{"${name}":1}`], ['{}', '{"a":1}', '[1]', '"text"']],
        [1, [`{"${name}":1}`, `[{"${name}":1}]`], [`{"a":{"${name}":1}}`, '[1]']],
      ]);
    checkAt('body.a.__proto__.x', [[1, ['{"a":{"__proto__":{"x":1}}}'], ['{"a":{"x":1}}', '{}']]]);
    checkAt('body.a.length', [[1, ['{"a":{"length":1}}'], ['{"a":"x"}', '{"a":[5]}']]]);
    assert.equal(Object.hasOwn(Object.prototype, 'x'), false);
  });

  it('headers by name in any case, each of a repeated one', () => {
    const event = {
      headers: [
        ['X-Kind', 'a'],
        ['x-kind', 'b'],
        ['X-One', 'c'],
        ['a.b', 'd'],
      ] as const,
    };
    for (const [where, expected] of [
      [{ 'headers.x-kind': 'a' }, true],
      [{ 'headers.X-KIND': 'b' }, true],
      [{ 'headers.x-kind': { $all: ['a', 'b'] } }, true],
      [{ 'headers.x-kind': { $size: 2 } }, true],
      [{ 'headers.x-one': { $size: 1 } }, false],
      [{ 'headers.x-one': 'c' }, true],
      [{ 'headers.x-one': 'C' }, false],
      [{ 'headers.a.b': 'd' }, true],
      [{ 'headers.x-none': { $exists: false } }, true],
      [{ 'headers.x-none': null }, true],
      [{ 'headers.constructor': { $exists: true } }, false],
    ] as const)
      assert.equal(takes(where, event), expected, JSON.stringify(where));
  });

  it('what the event is', () => {
    const event = { source: 'whatsapp', tenant: 'acme', type: 'message.received', provider: 'twilio' };
    assert.equal(takes({ source: 'whatsapp', tenant: 'acme', provider: 'twilio' }, event), true);
    assert.equal(takes({ type: { $startsWith: 'message.' } }, event), true);
    assert.equal(takes({ type: { $in: ['message.sent', 'message.read'] } }, event), false);
    assert.equal(takes({ tenant: { $ne: 'acme' } }, event), false);
  });
});

describe('a filter reads', () => {
  const FORM = [['content-type', 'application/x-www-form-urlencoded; charset=utf-8']] as const;
  const form = (text: string) => ({ headers: FORM, body: Buffer.from(text) });

  it('the fields of a form as texts, repeated ones as a list', () => {
    const event = form('From=whatsapp%3A%2B1555&NumMedia=1&Body=1%2B1+%26&tag=a&tag=b&__proto__=p&empty=');
    for (const [where, expected] of [
      [{ 'body.From': 'whatsapp:+1555' }, true],
      [{ 'body.From': { $startsWith: 'whatsapp:' } }, true],
      [{ 'body.NumMedia': '1' }, true],
      [{ 'body.NumMedia': 1 }, false],
      [{ 'body.NumMedia': { $gt: 0 } }, false],
      [{ 'body.NumMedia': { $nin: ['', '0'] } }, true],
      [{ 'body.Body': '1+1 &' }, true],
      [{ 'body.tag': 'b' }, true],
      [{ 'body.tag': { $size: 2 } }, true],
      [{ 'body.__proto__': 'p' }, true],
      [{ 'body.empty': '' }, true],
      [{ 'body.toString': { $exists: true } }, false],
    ] as const)
      assert.equal(takes(where, event), expected, JSON.stringify(where));
  });

  it('nothing out of a form that is broken, or out of what is no JSON', () => {
    for (const event of [form('a=%zz'), json('<a>1</a>'), json(''), { body: Uint8Array.of(0xff) }]) {
      assert.equal(takes({ 'body.a': { $exists: true } }, event), false);
      assert.equal(takes({ body: { $exists: false } }, event), true);
      assert.equal(takes({ type: 'message' }, event), true);
    }
  });

  it('JSON whatever its type is called', () => {
    const body = Buffer.from('{"a":1}');
    for (const headers of [
      [],
      [['content-type', 'text/plain']],
      [['content-type', 'application/vnd.x+json']],
    ] as const)
      assert.equal(takes({ 'body.a': 1 }, { headers, body }), true);
  });
});

describe('a filter combines', () => {
  it('all of its conditions, and those of $and, $or and $nor', () => {
    const event = json('{"a":1,"b":"x"}');
    for (const [where, expected] of [
      [{ 'body.a': 1, 'body.b': 'x' }, true],
      [{ 'body.a': 1, 'body.b': 'y' }, false],
      [{ $and: [{ 'body.a': 1 }, { 'body.b': 'x' }] }, true],
      [{ $and: [{ 'body.a': 1 }, { 'body.b': 'y' }] }, false],
      [{ $or: [{ 'body.a': 2 }, { 'body.b': 'x' }] }, true],
      [{ $or: [{ 'body.a': 2 }, { 'body.b': 'y' }] }, false],
      [{ $nor: [{ 'body.a': 2 }, { 'body.b': 'y' }] }, true],
      [{ $nor: [{ 'body.a': 2 }, { 'body.b': 'x' }] }, false],
      [{ type: 'message', $or: [{ 'body.a': 2 }, { $and: [{ 'body.a': 1 }, { tenant: 'default' }] }] }, true],
      [{ type: 'other', $or: [{ 'body.a': 1 }] }, false],
      [{ 'body.a': { $not: { $gt: 5 } } }, true],
      [{ 'body.c': { $not: { $gt: 5 } } }, true],
      [{ 'body.a': { $not: { $gt: 0, $lt: 2 } } }, false],
      [{ 'body.a': { $not: { $not: { $eq: 1 } } } }, true],
    ] as const)
      assert.equal(takes(where, event), expected, JSON.stringify(where));
  });
});
