import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Over the longest answer of nginx, which waits 15 s for Ackline. */
const LIMIT_MS = 30_000;

export interface ProviderCall {
  readonly port: number;
  /** Written as they are; null speaks without TLS. */
  readonly certificate: string | null;
  readonly host: string;
  /** The address of this machine that it comes from: all of 127.0.0.0/8 are. */
  readonly from: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** More than `body` has: the rest never comes. */
  readonly declaredBytes?: number;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** One request on a connection of its own, byte for byte as it is given. */
export async function callAsProvider(call: ProviderCall): Promise<ProviderAnswer> {
  const where = { host: '127.0.0.1', port: call.port, localAddress: call.from };
  const socket =
    call.certificate === null
      ? connectPlain(where)
      : connectTls({ ...where, servername: call.host, ca: call.certificate });
  socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('no answer')));
  const headers = [['Host', call.host], ...call.headers].map(([name, value]) => `${name}: ${value}\r\n`);
  const length = call.declaredBytes ?? call.body.length;
  socket.write(
    `POST ${call.path} HTTP/1.1\r\n${headers.join('')}Content-Length: ${length}\r\nConnection: close\r\n\r\n`,
  );
  socket.write(call.body);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  const [head = '', body = ''] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body };
}
