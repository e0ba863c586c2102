import type { InboxRow } from '@ackline/store/inbox';

/** A row without its bytes, which lie packed in one buffer: meta, body, meta, body … */
export interface RowHead {
  readonly id: string;
  readonly keyHash: number;
  readonly afterOffset: bigint;
  readonly keyId: string;
  readonly metaBytes: number;
  readonly bodyBytes: number;
}

/** Rows on their way between the threads: the buffer changes hands and is not copied. */
export interface PackedRows<H extends RowHead = RowHead> {
  readonly heads: readonly H[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A row as it was read. */
export interface StoredHead extends RowHead {
  /** Its place in the file, counted from 1. */
  readonly n: number;
}

export interface StoredBatch {
  /** The file's name, without its directory. */
  readonly file: string;
  readonly rows: PackedRows<StoredHead>;
}

/** By file: the last row that the reader knows already. */
export type ReadPlaces = ReadonlyMap<string, number>;

export type SpoolRequest =
  /** One transaction, into the file in use, or else into a new one of this name. */
  | { readonly kind: 'append'; readonly rows: PackedRows; readonly now: number; readonly newFile: string }
  /** Opens a file where none is open, and writes to it: does the disk take anything? */
  | { readonly kind: 'probe'; readonly newFile: string }
  /** Takes the lock of each of these files that no living process holds. */
  | { readonly kind: 'adopt'; readonly files: readonly string[] }
  /** The first rows that were not taken yet, of the oldest file that has any behind the place named for it. */
  | {
      readonly kind: 'read';
      readonly maxEvents: number;
      readonly maxBytes: number;
      readonly behind: ReadPlaces;
    }
  /** The target has every row up to `n`. */
  | { readonly kind: 'remove'; readonly file: string; readonly n: number }
  /** A row that can not be read as an event: kept, out of the way. */
  | { readonly kind: 'quarantine'; readonly file: string; readonly n: number; readonly reason: string }
  | { readonly kind: 'close' };

/** Why this process can not append. */
export interface SpoolTrouble {
  readonly state: 'full' | 'read_only' | 'corrupt' | 'failed';
  readonly detail: string;
}

/** What the worker holds, with every answer. */
export interface SpoolHoldings {
  /** Names of the files whose locks it has. */
  readonly held: readonly string[];
  /** Of these, how many were left by other processes. */
  readonly adopted: number;
  /** Rows that the target does not have yet. */
  readonly events: number;
  /** On disk, without the pages that are free to be written again. */
  readonly bytes: number;
  /** Epoch milliseconds, of the oldest row. */
  readonly oldestAt: number | null;
  /** Rows quarantined. */
  readonly quarantined: number;
  /** Files that can not be read, or not to their end. */
  readonly corrupt: readonly string[];
  /** Files that hold nothing but rows that were quarantined: they wait for a person. */
  readonly kept: readonly string[];
}

export type SpoolReply = {
  readonly id: number;
  readonly holdings: SpoolHoldings;
  /** null: the file in use takes rows, as far as is known. */
  readonly trouble: SpoolTrouble | null;
} & (
  | {
      readonly ok: true;
      readonly batch: StoredBatch | null /** Of a removal: rows. */;
      readonly removed: number;
    }
  | { readonly ok: false; readonly detail: string }
);

export function packRows(rows: readonly InboxRow[]): PackedRows {
  const total = rows.reduce((sum, row) => sum + row.meta.byteLength + row.body.byteLength, 0);
  const bytes = new Uint8Array(total);
  let at = 0;
  const heads = rows.map(({ id, keyHash, afterOffset, keyId, meta, body }) => {
    bytes.set(meta, at);
    bytes.set(body, at + meta.byteLength);
    at += meta.byteLength + body.byteLength;
    return { id, keyHash, afterOffset, keyId, metaBytes: meta.byteLength, bodyBytes: body.byteLength };
  });
  return { heads, bytes };
}

/** The rows as views on the one buffer. */
export function* unpackRows<H extends RowHead>({
  heads,
  bytes,
}: PackedRows<H>): Generator<{ readonly head: H; readonly row: InboxRow }> {
  let at = 0;
  for (const head of heads) {
    const bodyAt = at + head.metaBytes;
    const end = bodyAt + head.bodyBytes;
    const { id, keyHash, afterOffset, keyId } = head;
    const row = {
      id,
      keyHash,
      afterOffset,
      keyId,
      meta: bytes.subarray(at, bodyAt),
      body: bytes.subarray(bodyAt, end),
    };
    yield { head, row };
    at = end;
  }
}
