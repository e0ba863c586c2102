import assert from 'node:assert/strict';
import { it } from 'node:test';
import { judgeListening } from '../src/listen/judge-listening.ts';

function judge(byChat: Record<number, number[]>, accepted: number[], exitCode: number | null = 0) {
  const counts = new Map<number, number>();
  for (const id of Object.values(byChat).flat()) counts.set(id, (counts.get(id) ?? 0) + 1);
  const chats = new Map(Object.entries(byChat).map(([chat, ids]) => [Number(chat), ids]));
  return judgeListening({
    accepted: new Set(accepted),
    receiver: { byChat: chats, counts },
    faults: [],
    exitCode,
    sentAfterMs: 1,
    arrivedAfterMs: 2,
  });
}

it('repeats are allowed, and what is missing, late or ends badly is said', () => {
  const kept = judge({ 1: [1, 3, 1, 3, 5], 2: [2, 4] }, [1, 2, 3, 4, 5]);
  assert.deepEqual([kept.broken, kept.again, kept.reached], [[], 2, 5]);
  const { broken, skipped, outOfOrder } = judge({ 1: [3, 1] }, [1, 2, 3], 1);
  assert.deepEqual([skipped, outOfOrder], [1, 1]);
  assert.equal(broken.length, 3);
});
