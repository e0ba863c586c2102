import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

/**
 * The connections of the public port, and their end.
 *
 * CN1. One request at a time on a connection: a pipelined one waits until its predecessor is answered. A predecessor whose
 *      answer closes the connection so leaves its successors never accepted, instead of stored without an answer.
 * CN2. While a request is being served its connection is not cut before the deadline.
 * CN3. A connection on which nothing is served outlives the closing of the port by a grace: a request that its client was
 *      just sending is still answered, with `connection: close`. Then our side of it is ended, so that no reset can overtake
 *      an answer, and a little later it is cut. (A request that crosses the end of our side can not be answered: by the
 *      protocol nothing but a client that waits for its answer is safe from that.)
 * CN4. What waits on a connection is bounded.
 * CN5. Connections on which nothing is served have a part of the room, and no more: for one beyond it the one that has been so
 *      for the longest is closed. So whoever leaves many of them idle takes none of the rest from others (A6), and a client that
 *      keeps few meets it last. (A request that crosses the close can not be answered, as in CN3.)
 */
export interface Connections {
  /** Calls `listener` when it is the request's turn, and never where its connection has gone by then. */
  serve(request: IncomingMessage, response: ServerResponse, listener: RequestListener): void;
  /** Open connections. */
  readonly size: number;
  /** The answer that is under way on this connection, null for none. */
  current(socket: Socket): ServerResponse | null;
  /** Takes no more connections, and resolves when the last one has ended. */
  close(times: CloseTimes): Promise<void>;
}

export interface CloseTimes {
  /** How long a request may still come on an open connection after the port has closed. */
  readonly headGraceMs: number;
  /** After this every connection is cut. */
  readonly deadlineMs: number;
}

/** Providers do not pipeline; a proxy that does has few in flight. */
const MAX_WAITING = 16;
/** Of the longest unserved ones; where a request is coming on all of these, the first is closed all the same. */
const MAX_PASSED_OVER = 16;
/** How often connections are looked at while the port closes. */
const SWEEP_MS = 50;
/** From the end of our side until a connection is cut: clients close theirs when they read the end. */
const LINGER_MS = 200;

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** One connection. */
interface Line {
  current: ServerResponse | null;
  /** null until there is one: hardly any client pipelines. */
  waiting: Waiting[] | null;
  readonly onClose: () => void;
  /** What had been read when nothing was served any more: once it is more, a request is coming. */
  bytesServed: number;
  /** Elapsed milliseconds of the closing when our side was ended. */
  endedAtMs: number | null;
}

/** `maxUnserved`: how many connections may be open on which nothing is served (CN5). */
export function createConnections(server: Server, maxUnserved: number): Connections {
  const lines = new Map<Socket, Line>();
  const unserved = keepUnserved(maxUnserved);
  let listener: RequestListener | null = null;
  server.on('connection', (socket: Socket) => lineOf(socket));

  function lineOf(socket: Socket): Line {
    const known = lines.get(socket);
    if (known !== undefined) return known;
    const line: Line = {
      current: null,
      waiting: null,
      onClose: () => next(socket, line),
      bytesServed: 0,
      endedAtMs: null,
    };
    lines.set(socket, line);
    socket.once('close', () => {
      lines.delete(socket);
      unserved.delete(socket);
      line.waiting = null;
    });
    unserved.add(socket, line);
    return line;
  }

  function start(socket: Socket, line: Line, { request, response }: Waiting): void {
    unserved.delete(socket);
    line.current = response;
    response.on('close', line.onClose);
    listener?.(request, response);
  }

  function next(socket: Socket, line: Line): void {
    line.current = null;
    if (socket.destroyed || socket.writableEnded) return;
    const waiting = line.waiting?.shift();
    if (waiting === undefined) unserved.add(socket, line);
    else start(socket, line, waiting);
  }

  return {
    serve(request, response, app) {
      const { socket } = request;
      if (socket.destroyed) return;
      listener = app;
      const line = lineOf(socket);
      if (line.current === null) {
        start(socket, line, { request, response });
        return;
      }
      line.waiting ??= [];
      if (line.waiting.length + 1 >= MAX_WAITING)
        socket.destroy(); // (CN4)
      else line.waiting.push({ request, response }); // (CN1)
    },
    get size() {
      return lines.size;
    },
    current: socket => lines.get(socket)?.current ?? null,
    close: times => closeAll(server, lines, times),
  };
}

interface Unserved {
  add(socket: Socket, line: Line): void;
  delete(socket: Socket): void;
}

/** (CN5) Never more than `most`: one more ends the one that has been idle longest. */
function keepUnserved(most: number): Unserved {
  /** The longest first. */
  const unserved = new Map<Socket, Line>();
  return {
    add(socket, line) {
      if (unserved.size >= most) closeLongestIdle(unserved);
      line.bytesServed = socket.bytesRead;
      unserved.set(socket, line);
    },
    delete: socket => void unserved.delete(socket),
  };
}

function closeLongestIdle(unserved: Map<Socket, Line>): void {
  let longest: Socket | undefined;
  for (const [socket, { bytesServed }] of unserved.entries().take(MAX_PASSED_OVER)) {
    const isIdle = socket.bytesRead === bytesServed;
    if (isIdle || longest === undefined) longest = socket;
    if (isIdle) break;
  }
  if (longest === undefined) return;
  unserved.delete(longest);
  longest.destroy();
}

function closeAll(
  server: Server,
  lines: ReadonlyMap<Socket, Line>,
  { headGraceMs, deadlineMs }: CloseTimes,
): Promise<void> {
  return new Promise(resolve => {
    const startedAt = performance.now();
    const sweep = () => {
      const elapsedMs = performance.now() - startedAt;
      for (const [socket, line] of lines) {
        if (elapsedMs >= deadlineMs)
          socket.destroy(); // (CN2)
        else if (line.current === null && elapsedMs >= headGraceMs) endIdle(socket, line, elapsedMs); // (CN3)
      }
    };
    const timer = setInterval(sweep, SWEEP_MS);
    // Not http.Server's own close(): that one cuts idle connections at once.
    NetServer.prototype.close.call(server, () => {
      clearInterval(timer);
      resolve();
    });
  });
}

function endIdle(socket: Socket, line: Line, elapsedMs: number): void {
  line.endedAtMs ??= elapsedMs;
  if (elapsedMs - line.endedAtMs >= LINGER_MS) socket.destroy();
  else if (!socket.writableEnded) socket.end();
}
