import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InboxPeek } from '@ackline/store/inbox';
import { MAX_SHARED_WAIT_MS, type StandingLane } from '../src/lane-stillness.ts';
import { drain, rows } from './inbox-drain.ts';

describe('inbox consumer', () => {
  it('stores all rows in the order of appending, in pieces of bounded size', async () => {
    const { stored, snapshot } = await drain({ inbox: rows(1_234) });
    assert.deepEqual(
      stored.flat(),
      rows(1_234).map(row => row.n),
    );
    assert.ok(stored.every(ns => ns.length <= 500));
    const nothingLeft = { waiting: 0, rows: 0, oldestAgeMs: 0, movingAgeMs: 0, orderUncertain: 0, heldMs: 0 };
    assert.deepEqual(snapshot, { stored: 1_234, ...nothingLeft, standing: [], isFailing: false });
  });

  it('knows how many rows it saw and how old the oldest is, which gets older while nothing answers', async () => {
    let now = 1_000;
    const stop = new AbortController();
    let looks = 0;
    const { snapshot } = await drain({
      inbox: [],
      async peek() {
        looks += 1;
        if (looks === 1) return rows(3).map((row, index) => ({ ...row, ageMs: index === 1 ? 500 : 100 }));
        now += 2_000;
        stop.abort();
        throw new Error('PostgreSQL is away');
      },
      storeInbox: () => Promise.resolve(0),
      now: () => now,
      stop,
    });
    assert.deepEqual([snapshot.rows, snapshot.oldestAgeMs], [3, 2_500]);
    assert.equal(snapshot.isFailing, true);
  });

  it('stores the small rows of others while thousands of large ones are in front of them', async () => {
    const large = rows(2_500).map(row => ({ ...row, keyHash: Number(row.n), bodyBytes: 25 * 1024 * 1024 }));
    const small = rows(3, 3_000).map(row => ({ ...row, keyHash: 9_999 }));
    const inbox = [...large, ...small];
    const { stored } = await drain({ inbox, until: () => inbox.length < 2_500 });
    assert.deepEqual(stored.slice(0, 2), [['3000', '3001', '3002'], ['1']]);
    assert.ok(stored.slice(1).every(ns => ns.length === 1));
  });

  it('goes past rows that are left behind, but with no later one of their keys', async () => {
    const held = rows(600).map(row => ({ ...row, keyHash: 1 }));
    const others = rows(10, 601).map(row => ({ ...row, keyHash: row.n === '605' ? 1 : 2 }));
    const inbox = [...held, ...others];
    const asked: string[][] = [];
    await drain({
      inbox,
      until: () => inbox.length < 610 || asked.length > 5,
      async storeInbox(ns) {
        asked.push([...ns]);
        const free = inbox.filter(row => ns.includes(row.n) && row.keyHash === 2);
        inbox.splice(0, inbox.length, ...inbox.filter(row => !free.includes(row)));
        return free.length;
      },
    });
    assert.equal(asked.length, 2);
    assert.deepEqual(
      asked[1],
      others.filter(row => row.keyHash === 2).map(row => row.n),
    );
  });

  describe('finds a row whose lane another storer has', () => {
    /** Two seconds go by a look; `takes` says from which look on the rows are to be had. */
    async function lookAt(inbox: InboxPeek[], { takes, looks }: { takes: number; looks: number }) {
      const lines: string[] = [];
      const write = (...parts: unknown[]) => void lines.push(String(parts.at(-1)));
      let look = 0;
      const { snapshot } = await drain({
        inbox,
        until: () => ++look >= looks,
        now: () => look * 2_000,
        storeInbox: async ns => (look < takes ? 0 : inbox.splice(0, ns.length).length),
        log: { warn: write, info: write } as never,
      });
      return { lines, heldMs: snapshot.heldMs };
    }

    it('says so once after ten seconds, and how long it has been', async () => {
      const { lines, heldMs } = await lookAt(rows(2), { takes: Number.POSITIVE_INFINITY, looks: 12 });
      assert.deepEqual(lines, ['inbox.lane-held']);
      assert.ok(heldMs > 10_000);
    });

    it('says that it is over', async () => {
      const { lines, heldMs } = await lookAt(rows(2), { takes: 8, looks: 11 });
      assert.deepEqual(lines, ['inbox.lane-held', 'inbox.lane-free']);
      assert.equal(heldMs, 0);
    });

    it('is silent while the other takes the rows', async () => {
      const inbox = rows(10);
      const takenByTheOther = async () => {
        inbox.shift();
        return 0;
      };
      const lines: string[] = [];
      const warn = (...parts: unknown[]) => void lines.push(String(parts.at(-1)));
      let look = 0;
      const now = () => (look += 1) * 2_000;
      await drain({ inbox, now, storeInbox: takenByTheOther, log: { warn, info: warn } as never });
      assert.deepEqual(lines, []);
    });
  });

  it('goes on after errors of peeking and of storing, and loses no row', async () => {
    const inbox = rows(3);
    let failures = 2;
    const failSometimes = () => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('database is away');
      }
    };
    const { stored } = await drain({
      inbox,
      readOffsets: async () => [],
      watermarks: { highWatermarks: async () => (failSometimes(), new Map()) },
      storeInbox: async ns => {
        failSometimes();
        return inbox.splice(0, ns.length).length;
      },
    });
    assert.deepEqual(stored, []);
    assert.equal(inbox.length, 0);
  });

  it('holds rows until their lane is stored, then lets them go', async () => {
    let offset = 0n;
    const { stored, snapshot } = await drain({
      inbox: rows(2),
      watermarks: { highWatermarks: async () => new Map([[0, 3n]]) },
      readOffsets: async () => [{ lane: 0, nextOffset: offset++ }],
    });
    assert.deepEqual(stored, [['1', '2']]);
    assert.equal(offset, 4n);
    assert.equal(snapshot.orderUncertain, 0);
  });

  it('does not wait for a broker that does not answer, and does not ask it for every row', async () => {
    let questions = 0;
    let served = 0;
    const inbox = rows(1);
    await drain({
      inbox,
      now: () => 0,
      until: () => served >= 3,
      watermarks: {
        highWatermarks: async () => {
          questions += 1;
          throw new Error('no broker');
        },
      },
      readOffsets: async () => [{ lane: 0, nextOffset: null }],
      storeInbox: async () => {
        served += 1;
        inbox.splice(0, 1, ...rows(1, served + 1));
        return 1;
      },
    });
    assert.equal(questions, 1);
  });

  it('counts what processors of before saw of a lane, and tells of it, also where that can’t be asked', async () => {
    const asked = async (readStanding: () => Promise<readonly StandingLane[]>) => {
      let looks = 0;
      const inbox = rows(1).map(row => ({ ...row, afterOffset: 9n, ageMs: 60_000 }));
      const { stored, snapshot } = await drain({
        inbox,
        until: () => inbox.length === 0 || ++looks > 12,
        now: () => looks * 1_000,
        readOffsets: async () => [{ lane: 0, nextOffset: 4n }],
        watermarks: { highWatermarks: () => Promise.reject(new Error('no broker')) },
        readStanding,
      });
      return [stored, snapshot.standing];
    };
    const before = (stored: bigint) => async () => [{ lane: 0, stored, stillMs: MAX_SHARED_WAIT_MS - 500 }];
    assert.deepEqual(await asked(before(4n)), [[['1']], []]);
    const own = [[], [{ lane: 0, stored: '4', stillMs: 12_000 }]];
    assert.deepEqual(await asked(before(3n)), own);
    assert.deepEqual(await asked(() => Promise.reject(new Error('not now'))), own);
  });

  it('counts a row that goes before a record of its key, since its lane stands still for long', async () => {
    let look = 0;
    const inbox = rows(1).map(row => ({ ...row, afterOffset: 9n, ageMs: 60_000 }));
    const { stored, snapshot } = await drain({
      inbox,
      until: () => inbox.length === 0 || look > 20,
      now: () => look * 5_000,
      watermarks: { highWatermarks: () => Promise.reject(new Error('no broker')) },
      readOffsets: async () => [{ lane: 0, nextOffset: (look += 1) === 1 ? 3n : 4n }],
    });
    assert.deepEqual([stored, snapshot.orderUncertain, look], [[['1']], 1, 14]);
  });
});
