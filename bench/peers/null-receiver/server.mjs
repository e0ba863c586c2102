// Answers 200 to every POST and counts it. GET /count tells how many there were.
import { createServer } from 'node:http';

let count = 0;

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ count }));
    return;
  }
  request.resume().on('end', () => {
    count += 1;
    response.writeHead(200, { 'content-length': 0 });
    response.end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.BENCH_PORT), '127.0.0.1');
