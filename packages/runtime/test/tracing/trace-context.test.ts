import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  derivedSpanId,
  formatTraceparent,
  isWithinRatio,
  newSpanId,
  newTraceId,
  parseTraceparent,
  traceIdOf,
} from '../../src/tracing/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('a trace context', () => {
  it('is read from a traceparent and written as it came', () => {
    for (const flags of ['00', '01']) {
      const text = `00-${TRACE}-${SPAN}-${flags}`;
      const context = parseTraceparent(text);
      assert.ok(context);
      assert.deepEqual(context, { traceId: TRACE, spanId: SPAN, isSampled: flags === '01' });
      assert.equal(formatTraceparent(context), text);
      assert.equal(traceIdOf(text), TRACE);
    }
  });

  it('knows only the flag of sampling', () => {
    assert.equal(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.isSampled, true);
    assert.equal(parseTraceparent(`00-${TRACE}-${SPAN}-02`)?.isSampled, false);
  });

  it('is none in any other form', () => {
    const others = [
      null,
      '',
      TRACE,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01\n`,
      `01-${TRACE}-${SPAN}-01`,
      `00-${'0'.repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${'0'.repeat(16)}-01`,
    ];
    for (const text of others) assert.equal(parseTraceparent(text), null, String(text));
    assert.equal(traceIdOf(null), undefined);
  });
});

describe('the ids of spans', () => {
  it('are drawn anew each time, also when the drawn bytes are used up', () => {
    const drawn = Array.from({ length: 2_000 }, () => [newTraceId(), newSpanId()] as const);
    for (const [traceId, spanId] of drawn) {
      assert.match(traceId, /^[0-9a-f]{32}$/);
      assert.match(spanId, /^[0-9a-f]{16}$/);
    }
    assert.equal(new Set(drawn.flat()).size, 4_000);
  });

  it('follow from what both sides know, and from all of it', () => {
    const id = derivedSpanId('attempt', 'a', 'b');
    assert.match(id, /^[0-9a-f]{16}$/);
    assert.equal(derivedSpanId('attempt', 'a', 'b'), id);
    const others = [
      derivedSpanId('attempt', 'a', 'c'),
      derivedSpanId('store', 'a', 'b'),
      derivedSpanId('attempt', 'a'),
    ];
    assert.equal(new Set([id, ...others]).size, 4);
  });
});

describe('the ratio of traces', () => {
  it('takes all at 1 and none at 0', () => {
    for (const rest of ['0'.repeat(14), 'f'.repeat(14), '7'.repeat(14)]) {
      const traceId = `${TRACE.slice(0, 18)}${rest}`;
      assert.equal(isWithinRatio(traceId, 1), true);
      assert.equal(isWithinRatio(traceId, 0), false);
    }
  });

  it('takes the part that is asked for, by the last 56 bits, the same ones every time', () => {
    assert.equal(isWithinRatio(`${'f'.repeat(18)}${'3'.repeat(14)}`, 0.75), false);
    assert.equal(isWithinRatio(`${'0'.repeat(18)}4${'0'.repeat(13)}`, 0.75), true);
    const taken = Array.from({ length: 10_000 }, newTraceId).filter(id => isWithinRatio(id, 0.1)).length;
    assert.ok(taken > 800 && taken < 1_200, `${taken} of 10,000`);
  });
});
