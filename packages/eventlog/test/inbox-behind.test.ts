import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InboxPeek, PeekPast } from '@ackline/store/inbox';
import type { InboxConsumerOptions } from '../src/inbox-consumer.ts';
import { drain, peekPast, rows } from './inbox-drain.ts';

describe('the inbox behind a look that is full', () => {
  it('stores the rows of other keys while thousands of one key wait in front of them', async () => {
    const waiting = rows(2_500).map(row => ({ ...row, afterOffset: 9n, ageMs: 10 }));
    const others = rows(3).map((row, index) => ({
      ...row,
      n: String(3_000 + index),
      keyHash: 77,
      afterOffset: -1n,
    }));
    const inbox = [...waiting, ...others];
    const { stored, snapshot } = await drain({
      inbox,
      until: () => inbox.every(row => row.keyHash !== 77),
      watermarks: { highWatermarks: () => Promise.reject(new Error('the broker is away')) },
    });
    assert.deepEqual(stored.flat(), ['3000', '3001', '3002']);
    assert.equal(snapshot.stored, 3);
  });

  it('stores the rows of other keys behind thousands of keys that wait, each for a record of its own', async () => {
    const waiting = rows(10_000).map(row => ({ ...row, keyHash: Number(row.n), afterOffset: 9n }));
    const others = rows(3, 20_000).map(row => ({ ...row, keyHash: 30_000 }));
    const inbox = [...waiting, ...others];
    const { stored, snapshot } = await drain({
      inbox,
      until: () => inbox.length === waiting.length,
      watermarks: { highWatermarks: () => Promise.reject(new Error('the broker is away')) },
    });
    assert.deepEqual(stored.flat(), ['20000', '20001', '20002']);
    assert.equal(snapshot.orderUncertain, 0);
  });

  it('stores the rows of others behind any number of keys that wait, and asks for a piece of them at a time', async () => {
    const waiting = rows(90_000).map(row => ({ ...row, keyHash: Number(row.n), afterOffset: 9n }));
    const others = rows(3, 100_000).map(row => ({ ...row, keyHash: 100_000 }));
    const inbox = [...waiting, ...others];
    const asked: PeekPast[] = [];
    let looks = 0;
    const { stored } = await drain({
      inbox,
      until: () => inbox.length === waiting.length || (looks += 1) > 10,
      peekPast: async look => {
        asked.push(look);
        return peekPast(inbox, look);
      },
      watermarks: { highWatermarks: () => Promise.reject(new Error('the broker is away')) },
    });
    assert.deepEqual(stored.flat(), ['100000', '100001', '100002']);
    assert.ok(asked.every(({ window, limit }) => window <= 20_000 && limit <= 2_000));
    assert.ok(asked.length <= 6, `${asked.length} questions`); // the last one when all are stored
  });

  it('stores the rows of others behind any number of rows whose lane another storer has', async () => {
    const held = rows(5_000).map(row => ({ ...row, keyHash: Number(row.n) * 2 }));
    const others = rows(3, 6_000).map(row => ({ ...row, keyHash: Number(row.n) * 2 + 1 }));
    const inbox = [...held, ...others];
    const taken: string[] = [];
    let looks = 0;
    await drain({
      inbox,
      lanes: () => 2,
      until: () => taken.length === others.length || (looks += 1) > 10,
      async storeInbox(ns) {
        const free = inbox.filter(row => ns.includes(row.n) && row.keyHash % 2 === 1).map(row => row.n);
        taken.push(...free);
        inbox.splice(0, inbox.length, ...inbox.filter(row => !free.includes(row.n)));
        return free.length;
      },
    });
    assert.deepEqual(taken, ['6000', '6001', '6002']);
  });

  describe('can’t look behind rows that wait', () => {
    /** Two dozen looks, a second apart, at an inbox whose first piece has one free row among those that wait. */
    async function look(peekBehind: InboxConsumerOptions['peekPast']) {
      const waiting = rows(3_000).map(row => ({ ...row, keyHash: Number(row.n), afterOffset: 9n }));
      const inbox = [...waiting.slice(0, 100), ...rows(1, 3_500), ...waiting.slice(100)];
      const asked: { readonly atMs: number; readonly window: number }[] = [];
      const lines: string[] = [];
      const write = (...parts: unknown[]) => void lines.push(String(parts.at(-1)));
      let looks = 0;
      const { stored, snapshot } = await drain({
        inbox,
        until: () => (looks += 1) > 24,
        now: () => looks * 1_000,
        peekPast: past => {
          asked.push({ atMs: looks * 1_000, window: past.window });
          return peekBehind(past);
        },
        watermarks: { highWatermarks: () => Promise.reject(new Error('the broker is away')) },
        log: { warn: write, info: write } as never,
      });
      return { stored, snapshot, asked, lines };
    }

    it('stores those that may go, and says once that it can’t', async () => {
      const { stored, snapshot, lines } = await look(() => Promise.reject(new Error('took too long')));
      assert.deepEqual(stored.flat(), ['3500']);
      assert.equal(snapshot.isFailing, false);
      assert.deepEqual(lines, ['inbox.look-failed']);
    });

    it('looks at fewer of them then, now and again, and at as many as before once that goes well', async () => {
      let failures = 3;
      const { asked, lines } = await look(async () => {
        if (failures > 0) throw new Error(`took too long ${(failures -= 1)}`);
        return { rows: [], nextN: null };
      });
      const windows = asked.map(({ window }) => window);
      assert.deepEqual(windows.slice(0, 7), [20_000, 10_000, 5_000, 2_500, 5_000, 10_000, 20_000]);
      assert.ok(asked[1]!.atMs - asked[0]!.atMs >= 5_000);
      assert.deepEqual(lines, ['inbox.look-failed', 'inbox.look-recovered']);
    });
  });

  it('stores no row behind one of its key that it passed over, where that key is free in the middle of a look', async () => {
    const ofA = (n: number) => ({ ...rows(1, n)[0], keyHash: 5_000, afterOffset: 9n }) as InboxPeek;
    const held = (count: number, from: number) =>
      rows(count, from).map(row => ({ ...row, keyHash: Number(row.n), afterOffset: 99n }));
    const inbox = [ofA(1), ...held(1_999, 2), ofA(2_001), ...held(2_100, 2_002), ofA(4_200)];
    const orderOfA = () => inbox.filter(row => row.keyHash === 5_000).map(row => row.n);
    const before: string[][] = [];
    let questions = 0;
    await drain({
      inbox,
      until: () => orderOfA().length === 0,
      watermarks: { highWatermarks: async () => new Map([[0, 10n]]) },
      readOffsets: async () => [{ lane: 0, nextOffset: (questions += 1) === 1 ? 9n : 10n }],
      async storeInbox(ns) {
        before.push([...ns]);
        const taken = inbox.filter(row => ns.includes(row.n));
        inbox.splice(0, inbox.length, ...inbox.filter(row => !ns.includes(row.n)));
        return taken.length;
      },
    });
    assert.deepEqual(before.flat(), ['1', '2001', '4200']);
  });
});
