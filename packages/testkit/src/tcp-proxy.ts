import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createPipe, type LinkState, type Pipe } from './tcp-pipe.ts';

/** A link that tests can cut, stall and slow. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections open right now. */
  readonly connections: number;
  /** Resets all connections and refuses new ones, as a host does whose server is gone. */
  cut(): Promise<void>;
  /** Takes connections and bytes and passes nothing on, as a network does that drops packets. */
  stall(): void;
  /** Delays each piece of data, in both directions or in one; what is under way keeps its order. */
  slow(delayMs: number, towards?: Direction | 'both'): void;
  /** An ordinary link again, on the same port. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

export type Direction = 'server' | 'client';

export interface ProxyTarget {
  readonly host?: string;
  readonly port: number;
}

/** A TCP proxy on 127.0.0.1 before `target`. */
export async function startTcpProxy(target: ProxyTarget): Promise<TcpProxy> {
  const pipes = new Set<Pipe>();
  let link: Readonly<Record<Direction, LinkState>> = both({ kind: 'pass' });
  const server = createServer({ pauseOnConnect: true }, client => {
    const upstream = connect(target.port, target.host ?? '127.0.0.1');
    join(client, upstream, 'server');
    join(upstream, client, 'client');
  });

  const join = (from: Socket, to: Socket, towards: Direction): void => {
    const pipe = createPipe(from, to, () => link[towards]);
    pipes.add(pipe);
    from.on('close', () => pipes.delete(pipe));
  };
  const reset = (): void => {
    for (const pipe of pipes) pipe.reset();
  };
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const cut = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    reset();
    await closed;
  };
  const port = await listen(0);
  return {
    port,
    get connections() {
      return pipes.size / 2;
    },
    cut,
    stall() {
      link = both({ kind: 'stall' });
    },
    slow(delayMs, towards = 'both') {
      const slow: LinkState = { kind: 'slow', delayMs };
      link = towards === 'both' ? both(slow) : { ...both({ kind: 'pass' }), [towards]: slow };
    },
    async heal() {
      // Bytes were lost on a stalled link: its connections can't go on as if nothing had been.
      if (link.server.kind === 'stall') reset();
      link = both({ kind: 'pass' });
      for (const pipe of pipes) pipe.flush();
      if (!server.listening) await listen(port);
    },
    close: cut,
    [Symbol.asyncDispose]: cut,
  };
}

function both(state: LinkState): Readonly<Record<Direction, LinkState>> {
  return { server: state, client: state };
}
