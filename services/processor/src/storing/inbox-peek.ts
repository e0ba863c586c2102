import type { InboxPeek } from '@ackline/store/inbox';

/**
 * A row is committed at most this long after its `n` was given: twice the limit of the statement that does both. So what was
 * the first row so long ago has none before it any more, also none of those that commit out of order.
 */
const SETTLED_MS = 10_000;
/** Should a commit take longer all the same, its row is found by the next look at everything. */
const FULL_EVERY_MS = 15_000;
/** Places are remembered this often; ten or so are enough for `SETTLED_MS`. */
const MARK_EVERY_MS = 1_000;

type Peek = (limit: number, fromN: string) => Promise<readonly InboxPeek[]>;

/**
 * Looks at the first rows of the inbox without walking over all that were taken before: it begins where the first row was
 * some seconds ago. Measured behind a snapshot that was held open while 400,000 rows went through, 10,000 a second: 30 ms
 * instead of 1,000 to 1,300 ms a look.
 */
export function createInboxPeek(
  peek: Peek,
  now: () => number = () => performance.now(),
): (limit: number) => Promise<readonly InboxPeek[]> {
  let marks: { readonly at: number; readonly n: string }[] = [];
  let lastSeen = '0';
  let fullAt = Number.NEGATIVE_INFINITY;
  /** Of the last look that found out what there is. */
  let lookedAt = Number.NEGATIVE_INFINITY;

  /** The newest mark that is old enough; those before it are of no use any more. */
  function settledN(at: number): string {
    const settled = marks.findLastIndex(mark => at - mark.at >= SETTLED_MS);
    if (settled > 0) marks = marks.slice(settled);
    return settled === -1 ? '0' : (marks[0]?.n ?? '0');
  }

  return async limit => {
    const at = now();
    const full = at - fullAt >= FULL_EVERY_MS;
    if (full) fullAt = at; // also where it fails: walking over everything may take longer than a statement may
    // What is settled now and was not then, nobody has seen since: who stood still for so long may have missed a row.
    const rows = await peek(limit, full ? '0' : settledN(lookedAt));
    lookedAt = at;
    lastSeen = rows.at(-1)?.n ?? lastSeen;
    const first = rows[0]?.n;
    // A row that committed late, and may wait: nobody begins behind it.
    if (first !== undefined)
      marks = marks.map(mark => (BigInt(mark.n) > BigInt(first) ? { ...mark, n: first } : mark));
    const newest = marks.at(-1);
    if (newest === undefined || at - newest.at >= MARK_EVERY_MS) {
      marks.push({ at, n: first ?? lastSeen });
    }
    return rows;
  };
}
