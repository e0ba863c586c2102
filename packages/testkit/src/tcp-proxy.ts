import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A link that tests can cut, stall and slow. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections open right now. */
  readonly connections: number;
  /** Resets all connections and refuses new ones, as a host does whose server is gone. */
  cut(): Promise<void>;
  /** Takes connections and bytes and passes nothing on, as a network does that drops packets. */
  stall(): void;
  /** Delays each piece of data, in both directions. */
  slow(delayMs: number): void;
  /** An ordinary link again, on the same port. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

export interface ProxyTarget {
  readonly host?: string;
  readonly port: number;
}

type Mode =
  | { readonly kind: 'pass' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'slow'; readonly delayMs: number };

/** A TCP proxy on 127.0.0.1 before `target`. */
export async function startTcpProxy(target: ProxyTarget): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const delayed = new Set<NodeJS.Timeout>();
  let mode: Mode = { kind: 'pass' };
  const server = createServer({ pauseOnConnect: true }, client => {
    const upstream = connect(target.port, target.host ?? '127.0.0.1');
    join(client, upstream);
    join(upstream, client);
  });

  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on('end', () => forward(() => to.end()));
    from.on('data', chunk => {
      // A stalled link loses what it gets, but its sockets stay open: their ends notice only by their own time limits.
      forward(() => {
        if (!to.destroyed && !to.write(chunk)) pauseUntilDrained(from, to);
      });
    });
    from.resume();
  };
  const forward = (pass: () => void): void => {
    if (mode.kind === 'pass') pass();
    else if (mode.kind === 'slow') {
      const timer = setTimeout(() => {
        delayed.delete(timer);
        pass();
      }, mode.delayMs);
      delayed.add(timer);
    }
  };
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
    for (const timer of delayed) clearTimeout(timer); // what is under way on a cut link is lost
    delayed.clear();
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
      return sockets.size / 2;
    },
    cut,
    stall() {
      mode = { kind: 'stall' };
    },
    slow(delayMs) {
      mode = { kind: 'slow', delayMs };
    },
    async heal() {
      // Bytes were lost on a stalled link: its connections can't go on as if nothing had been.
      if (mode.kind === 'stall') reset();
      mode = { kind: 'pass' };
      if (!server.listening) await listen(port);
    },
    close: cut,
    [Symbol.asyncDispose]: cut,
  };
}

function pauseUntilDrained(from: Socket, to: Socket): void {
  from.pause();
  to.once('drain', () => from.resume());
}
