import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A client that sends bytes as they are, and reads answers one after the other. */
export interface RawClient extends Disposable {
  readonly socket: Socket;
  write(bytes: string | Uint8Array): void;
  /** The next answer; rejects when the connection ends before it is complete. */
  answer(): Promise<RawAnswer>;
  /** How many 100 Continue came. */
  continues(): number;
  /** Codes of the errors of the connection. */
  readonly errors: readonly string[];
  /** Resolves when the server has ended the connection. */
  readonly closed: Promise<void>;
}

export async function openRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  let wake = () => {};
  let ended = false;
  let continues = 0;
  const errors: string[] = [];
  socket.on('data', chunk => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => void errors.push(error.code ?? ''));
  const closed = new Promise<void>(resolve => {
    const end = () => {
      ended = true;
      wake();
      resolve();
    };
    socket.on('end', end).on('close', end);
  });

  async function answer(): Promise<RawAnswer> {
    for (;;) {
      const parsed = parseAnswer(received);
      if (parsed !== null) {
        received = received.subarray(parsed.length);
        if (parsed.answer.status !== 100) return parsed.answer;
        continues += 1;
        continue;
      }
      if (ended)
        throw new Error(
          `the connection ended after ${received.length} bytes: ${received.toString('latin1')}`,
        );
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  }

  return {
    socket,
    write: bytes => void socket.write(bytes),
    answer,
    continues: () => continues,
    errors,
    closed,
    [Symbol.dispose]: () => socket.destroy(),
  };
}

function parseAnswer(bytes: Buffer): { answer: RawAnswer; length: number } | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map(line => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const length = headEnd + 4 + Number(headers.get('content-length') ?? 0);
  if (bytes.length < length) return null;
  const body = bytes.subarray(headEnd + 4, length).toString('utf8');
  return { answer: { status: Number(statusLine.split(' ')[1]), headers, body }, length };
}

/** The bytes of a POST with a body of its declared length. */
export function post(path: string, headers: readonly string[], body: string | Uint8Array): Buffer {
  const bytes = Buffer.from(body as string);
  const head = [`POST ${path} HTTP/1.1`, 'Host: hooks.test', ...headers, `Content-Length: ${bytes.length}`];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}
