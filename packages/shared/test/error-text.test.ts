import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorFrames, errorText } from '@ackline/shared/error-text';

const CANARY = 'canary-4915112345678';
/** V8 quotes ten characters of a longer text. */
const QUOTED = CANARY.slice(0, 9);

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return assert.fail('nothing was thrown');
}

const quoting: Readonly<Record<string, Error>> = {
  'JSON that was parsed': thrownBy(() => JSON.parse(`{"a": ${CANARY}}`)),
  'a number that is none': thrownBy(() => BigInt(CANARY)),
  'a regular expression': thrownBy(() => new RegExp(`(${CANARY}`)),
  'a path that was decoded': new URIError(`Failed to decode param '${CANARY}'`),
  'an argument of Node': thrownBy(() => Buffer.alloc(CANARY as never)),
  'a value that PostgreSQL refuses': Object.assign(
    new Error(`invalid input syntax for type bigint: "${CANARY}" x"`),
    {
      code: '22P02',
    },
  ),
  'a command of Redis': Object.assign(
    new Error(`ERR unknown command 'GETT', with args beginning with: '${CANARY}'`),
    {
      name: 'ReplyError',
    },
  ),
};

describe('the text of an error', () => {
  for (const [what, error] of Object.entries(quoting)) {
    it(`does not repeat ${what}`, () => {
      assert.ok(error.message.includes(QUOTED), error.message);
      assert.ok(!errorText(error).includes(QUOTED), errorText(error));
      assert.notEqual(errorText(error), '');
    });
  }

  it('keeps what helps: names of ours, of the system and of constraints', () => {
    const unique = 'duplicate key value violates unique constraint "event_keys_pkey"';
    const kept = [
      Object.assign(new Error(unique), { code: '23505' }),
      new Error('connect ECONNREFUSED 127.0.0.1:5432'),
      new SyntaxError("The requested module './x.ts' does not provide an export named 'y'"),
    ];
    assert.deepEqual(
      kept.map(errorText),
      kept.map(error => error.message),
    );
  });
});

describe('the frames of an error', () => {
  it('are its stack without the text', () => {
    const frames = errorFrames(new Error(`${CANARY}\n  at ${CANARY}`));
    assert.ok(frames !== undefined && !frames.includes(CANARY), frames);
    assert.match(frames, /error-text\.test\.ts/);
  });
});
