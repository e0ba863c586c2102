import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  compileTransform,
  describeFailure,
  evaluateTransform,
  type TransformInput,
} from '../../src/routing/transform.ts';

const input = (body: unknown): TransformInput => ({
  body,
  headers: { 'x-topic': 'orders' },
  type: 'message',
  tenant: 'default',
  source: 'telegram',
  provider: 'telegram',
});

async function made(text: string, body: unknown = {}): Promise<string | null> {
  const result = await evaluateTransform(compileTransform(text), input(body));
  return result.kind === 'done' ? Buffer.from(result.body).toString() : null;
}

async function failure(text: string, body: unknown = {}): Promise<string> {
  try {
    await made(text, body);
  } catch (error) {
    return describeFailure(error, text);
  }
  assert.fail('it did not fail');
}

describe('a transform', () => {
  it('makes JSON of the body, the headers and what else is known of the event', async () => {
    const text = '{"text": body.message.text, "topic": headers.`x-topic`, "of": type & "/" & source}';
    assert.equal(
      await made(text, { message: { text: 'hello' } }),
      '{"text":"hello","topic":"orders","of":"message/telegram"}',
    );
    assert.equal(await made('body.items.(price * quantity)', { items: [{ price: 2, quantity: 3 }] }), '6');
    assert.equal(await made('null'), 'null');
  });

  it('keeps all digits of a long integer', async () => {
    const id = 12_345_678_901_234_567_890n;
    assert.equal(await made('{"a": [body.id, 1]}', { id }), '{"a":[12345678901234567890,1]}');
  });

  it('is empty where the expression finds nothing, or is a function', async () => {
    for (const text of ['body.nothing', 'function($x){ $x }', '$sum', '/a/'])
      assert.equal(await made(text), null);
    assert.equal(await made('{"f": $sum, "g": function($x){ $x }, "a": 1}'), '{"a":1}');
  });

  it('is refused where it would be over 1 MiB, counted in bytes', async () => {
    const of = (text: string) => evaluateTransform(compileTransform('body'), input(text));
    assert.equal((await of('a'.repeat(1_048_574))).kind, 'done');
    assert.equal((await of('a'.repeat(1_048_575))).kind, 'too-large');
    assert.equal((await of('€'.repeat(400_000))).kind, 'too-large');
  });

  it('says where it failed, and nothing of the event', async () => {
    assert.equal(await failure('"a" + body.x', { x: 1 }), 'T2001 at line 1, column 5, near "+"');
    assert.equal(
      await failure('{\n  "a": $number(body.x)\n}', { x: 'private' }),
      'D3030 at line 2, column 15, near "number"',
    );
    assert.equal(
      await failure('$error(body.x)', { x: 'private' }),
      'D3137 at line 1, column 7, near "error"',
    );
    assert.equal(await failure('$pad("x", 2000000000)'), 'RangeError');
  });
});
