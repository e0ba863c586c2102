// Express 5 with express.raw: verifies the token, reads the body, answers. Nothing is kept.
import { timingSafeEqual } from 'node:crypto';
import express from 'express';

const token = Buffer.from(process.env.BENCH_TOKEN);

const app = express();
app.post('/webhook/telegram', express.raw({ type: () => true, limit: '1mb' }), (request, response) => {
  const given = Buffer.from(String(request.get('x-telegram-bot-api-secret-token')));
  if (given.length !== token.length || !timingSafeEqual(given, token)) return response.sendStatus(401);
  response.json({ ok: true });
});
app.listen(Number(process.env.BENCH_PORT), '127.0.0.1');
