// Verifies the token, reads the body, answers. Nothing is kept.
import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const token = Buffer.from(process.env.BENCH_TOKEN);
const answer = Buffer.from('{"ok":true}');

const server = createServer((request, response) => {
  const given = Buffer.from(String(request.headers['x-telegram-bot-api-secret-token']));
  if (given.length !== token.length || !timingSafeEqual(given, token)) return response.writeHead(401).end();
  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => {
    Buffer.concat(chunks);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});
server.listen(Number(process.env.BENCH_PORT), '127.0.0.1');
