import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The connections of the public port, and their end.
 *
 * K1. One request at a time on a connection: a pipelined one waits until its predecessor is answered. A predecessor whose
 *     answer closes the connection so leaves its successors never accepted, instead of stored without an answer.
 * K2. While a request is being served its connection is not cut before the deadline.
 * K3. A connection on which nothing is served is cut when the port closes: at once if it is idle, after a short grace if the
 *     head of a request may be on its way.
 * K4. What waits on a connection is bounded.
 */
export interface Connections {
  /** Resolves with true when it is the request's turn, with false when its connection has gone. */
  turn(socket: Socket, response: ServerResponse): Promise<boolean>;
  /** The answer that is under way on this connection, null for none. */
  current(socket: Socket): ServerResponse | null;
  /** Takes no more connections, and resolves when the last one has ended. */
  close(times: CloseTimes): Promise<void>;
}

export interface CloseTimes {
  /** How long the head of a request may still come after the port has closed. */
  readonly headGraceMs: number;
  /** After this every connection is cut. */
  readonly deadlineMs: number;
}

/** Providers do not pipeline; a proxy that does has few in flight. */
const MAX_WAITING = 16;
/** How often idle connections are looked for while the port closes. */
const SWEEP_MS = 50;

interface Line {
  readonly waiting: { readonly response: ServerResponse; readonly start: (isOpen: boolean) => void }[];
}

export function createConnections(server: Server): Connections {
  const lines = new Map<Socket, Line>();
  server.on('connection', (socket: Socket) => lineOf(socket));

  function lineOf(socket: Socket): Line {
    const known = lines.get(socket);
    if (known !== undefined) return known;
    const line: Line = { waiting: [] };
    lines.set(socket, line);
    socket.once('close', () => {
      lines.delete(socket);
      for (const { start } of line.waiting.splice(0)) start(false);
    });
    return line;
  }

  return {
    turn(socket, response) {
      if (socket.destroyed) return Promise.resolve(false);
      const line = lineOf(socket);
      if (line.waiting.length >= MAX_WAITING) {
        socket.destroy(); // (K4)
        return Promise.resolve(false);
      }
      return new Promise(start => {
        line.waiting.push({ response, start });
        response.once('close', () => {
          line.waiting.shift();
          line.waiting[0]?.start(!socket.destroyed && !socket.writableEnded);
        });
        if (line.waiting.length === 1) start(true); // (K1)
      });
    },
    current: socket => lines.get(socket)?.waiting[0]?.response ?? null,
    close({ headGraceMs, deadlineMs }) {
      return new Promise(resolve => {
        const startedAt = performance.now();
        const isServing = (socket: Socket) => (lines.get(socket)?.waiting.length ?? 0) > 0;
        const sweep = () => {
          server.closeIdleConnections(); // (K3)
          const elapsedMs = performance.now() - startedAt;
          for (const socket of lines.keys()) {
            if (elapsedMs >= deadlineMs || (elapsedMs >= headGraceMs && !isServing(socket))) socket.destroy(); // (K2)
          }
        };
        const timer = setInterval(sweep, SWEEP_MS);
        server.close(() => {
          clearInterval(timer);
          resolve();
        });
      });
    },
  };
}
