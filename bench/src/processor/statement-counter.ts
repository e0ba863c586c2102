import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a client asked PostgreSQL to run. */
export interface StatementCounts {
  /** Extended protocol: one Execute each. */
  execute: number;
  /** Simple protocol: one Query each, as for begin and commit. */
  query: number;
}

/** Follows what one client sends on its connection. */
export interface MessageCounter {
  push(chunk: Uint8Array): void;
}

const EXECUTE = 0x45; // 'E'
const QUERY = 0x51; // 'Q'
const TYPE_BYTES = 1;
const LENGTH_BYTES = 4;
/** What a client may send in place of its startup message; it is answered with one byte, and another message without a type follows. */
const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;
const CODE_BYTES = 4;

/**
 * Counts messages by their frames (type, length, rest), wherever the chunks break. The first message has no type: it is
 * length and code. Nothing but heads is kept.
 */
export function createMessageCounter(counts: StatementCounts): MessageCounter {
  const head = Buffer.alloc(LENGTH_BYTES + CODE_BYTES);
  let isStartup = true;
  let headBytes = 0;
  let restBytes = 0;

  const headSize = (): number => (isStartup ? LENGTH_BYTES + CODE_BYTES : TYPE_BYTES + LENGTH_BYTES);
  function readHead(): void {
    headBytes = 0;
    if (isStartup) {
      restBytes = head.readUInt32BE(0) - LENGTH_BYTES - CODE_BYTES;
      const code = head.readUInt32BE(LENGTH_BYTES);
      isStartup = code === SSL_REQUEST || code === GSSENC_REQUEST;
      return;
    }
    restBytes = head.readUInt32BE(TYPE_BYTES) - LENGTH_BYTES;
    if (head[0] === EXECUTE) counts.execute += 1;
    else if (head[0] === QUERY) counts.query += 1;
  }

  return {
    push(chunk) {
      for (let at = 0; at < chunk.length; ) {
        if (restBytes > 0) {
          const passed = Math.min(restBytes, chunk.length - at);
          restBytes -= passed;
          at += passed;
          continue;
        }
        head[headBytes] = chunk[at] ?? 0;
        headBytes += 1;
        at += 1;
        if (headBytes === headSize()) readHead();
      }
    },
  };
}

/** A way to PostgreSQL that counts. */
export interface StatementCounter extends AsyncDisposable {
  /** The database's URL, through the counter. */
  readonly url: string;
  /** Statements since the start, over all connections. */
  total(): number;
}

/** Counts without an extension of the server: what a client sends passes through here. */
export async function startStatementCounter(databaseUrl: string): Promise<StatementCounter> {
  const target = new URL(databaseUrl);
  const counts: StatementCounts = { execute: 0, query: 0 };
  const sockets = new Set<Socket>();
  const server = createServer(client => {
    const upstream = connect(Number(target.port), target.hostname);
    const counter = createMessageCounter(counts);
    client.on('data', chunk => counter.push(chunk as Buffer));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    total: () => counts.execute + counts.query,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
