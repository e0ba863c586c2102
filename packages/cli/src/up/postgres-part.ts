import type { Component } from '@ackline/runtime/component';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@ackline/embedded-postgres/start';

export interface PostgresPart extends Component {
  /** Resolves with the URL, with its password in it; it stays the same over restarts. */
  start(): Promise<string>;
  /** Ends the server at once; the next start recovers. */
  kill(): void;
}

/** The embedded server as a part of `up`: started again, on the same port, if it ends by itself. */
export function createPostgresPart(options: {
  dataDir: string;
  log: (message: string) => void;
  /** It ended by itself, and has started again. */
  onRestarted: () => void;
}): PostgresPart {
  let server: EmbeddedPostgres | null = null;
  let port = 0;

  async function start(): Promise<string> {
    server = await startEmbeddedPostgres({ ...options, port });
    port = server.port;
    return server.url;
  }

  return {
    name: 'postgres',
    start,
    kill() {
      if (server !== null) process.kill(server.pid, 'SIGQUIT');
    },
    async run(signal) {
      if (server === null) {
        await start();
        options.onRestarted();
      }
      const current = server;
      if (current === null) return;
      const stopped = Promise.withResolvers<null>();
      const onAbort = () => stopped.resolve(null);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      const exit = await Promise.race([current.exited, stopped.promise]);
      signal.removeEventListener('abort', onAbort);
      server = null;
      if (exit !== null)
        throw new Error(`PostgreSQL ended by itself: ${exit.signal ?? `exit code ${exit.code}`}`);
      await current.stop();
    },
  };
}
