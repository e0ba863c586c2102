import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** How often each statement ran, by the name of a prepared one, or else by the start of its text. */
export type StatementCounts = ReadonlyMap<string, number>;

/** Follows what one client sends on its connection. */
export interface MessageCounter {
  push(chunk: Uint8Array): void;
}

const TYPE_BYTES = 1;
const LENGTH_BYTES = 4;
const CODE_BYTES = 4;
/** What a client may send in place of its startup message; it is answered with one byte, and another message without a type follows. */
const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;
/** Of the messages that tell a statement; the rest of them is passed over. */
const KEPT_BYTES = 120;
const LABEL_CHARS = 48;

/**
 * Finds statements by the frames of messages (type, length, rest), wherever the chunks break: an Execute of the extended
 * protocol is one, and a Query of the simple one. The first message has no type: it is length and code.
 */
export function createMessageCounter(count: (statement: string) => void): MessageCounter {
  const messages = createMessageReader(count);
  const head = Buffer.alloc(LENGTH_BYTES + CODE_BYTES);
  const kept = Buffer.alloc(KEPT_BYTES);
  let isStartup = true;
  let type = '';
  let headBytes = 0;
  let restBytes = 0;
  let keptBytes = 0;

  function endHead(): void {
    headBytes = 0;
    keptBytes = 0;
    if (isStartup) {
      const code = head.readUInt32BE(LENGTH_BYTES);
      restBytes = head.readUInt32BE(0) - LENGTH_BYTES - CODE_BYTES;
      isStartup = code === SSL_REQUEST || code === GSSENC_REQUEST;
      type = '';
    } else {
      type = head.toString('latin1', 0, TYPE_BYTES);
      restBytes = head.readUInt32BE(TYPE_BYTES) - LENGTH_BYTES;
    }
    if (restBytes === 0) endMessage();
  }
  function endMessage(): void {
    messages.read(type, kept.toString('latin1', 0, keptBytes));
  }

  return {
    push(chunk) {
      for (let at = 0; at < chunk.length; ) {
        if (restBytes > 0) {
          const part = chunk.subarray(at, at + restBytes);
          kept.set(part.subarray(0, KEPT_BYTES - keptBytes), keptBytes);
          keptBytes = Math.min(KEPT_BYTES, keptBytes + part.length);
          restBytes -= part.length;
          at += part.length;
          if (restBytes === 0) endMessage();
          continue;
        }
        head[headBytes] = chunk[at] ?? 0;
        headBytes += 1;
        at += 1;
        if (headBytes === (isStartup ? LENGTH_BYTES + CODE_BYTES : TYPE_BYTES + LENGTH_BYTES)) endHead();
      }
    },
  };
}

/** Knows what is bound when an Execute comes, which itself names no statement. */
function createMessageReader(count: (statement: string) => void): {
  read(type: string, start: string): void;
} {
  let unnamed = '';
  let bound = '';
  return {
    read(type, start) {
      const [first = '', second = ''] = start.split('\0');
      if (type === 'Q') count(labelOf(first));
      else if (type === 'P' && first === '') unnamed = labelOf(second);
      else if (type === 'B') bound = second === '' ? unnamed : second;
      else if (type === 'E') count(bound);
    },
  };
}

function labelOf(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, LABEL_CHARS);
}

/** A way to PostgreSQL that counts. */
export interface StatementCounter extends AsyncDisposable {
  /** The database's URL, through the counter. */
  readonly url: string;
  /** Statements since the start, over all connections. */
  read(): StatementCounts;
}

/** Counts without an extension of the server: what a client sends passes through here. */
export async function startStatementCounter(databaseUrl: string): Promise<StatementCounter> {
  const target = new URL(databaseUrl);
  const counts = new Map<string, number>();
  const count = (statement: string): void => void counts.set(statement, (counts.get(statement) ?? 0) + 1);
  const sockets = new Set<Socket>();
  const server = createServer(client => {
    const upstream = connect(Number(target.port), target.hostname);
    const counter = createMessageCounter(count);
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
    read: () => new Map(counts),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
