// A process of its own that starts a server and then only waits: tests kill it.
import { startEmbeddedPostgres } from '@ackline/embedded-postgres/start';

const server = await startEmbeddedPostgres({
  dataDir: process.argv[2] ?? '',
  log: message => console.error(message),
});
console.log(JSON.stringify({ pid: server.pid, url: server.url }));
process.once('SIGTERM', () => void server.stop());
await server.exited;
