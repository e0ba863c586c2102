import { once } from 'node:events';
import { connect } from 'node:net';

/** A request as it goes over the wire: names in this case, in this order, duplicates as they are. */
export interface RawRequest {
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

const LIMIT_MS = 10_000;

/** Writes the bytes to a socket of its own: no HTTP client tidies them up. */
export async function sendRaw({ url, headers, body }: RawRequest): Promise<RawAnswer> {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('no answer')));
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.write(
    `POST ${pathname}${search} HTTP/1.1\r\n${lines}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
  );
  socket.write(body);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  const [head = '', answer = ''] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n');
  return {
    status: Number(head.split(' ')[1]),
    contentType: /^content-type: (.*)$/im.exec(head)?.[1] ?? null,
    body: answer,
  };
}
