// Express 5 with express.raw and kafkajs: verifies the token, sends each event with acks=-1, and answers then.
import { timingSafeEqual } from 'node:crypto';
import express from 'express';
import { Kafka, logLevel } from 'kafkajs';

const token = Buffer.from(process.env.BENCH_TOKEN);
const topic = process.env.BENCH_TOPIC;
const kafka = new Kafka({
  clientId: 'bench',
  brokers: process.env.BENCH_BROKERS.split(','),
  logLevel: logLevel.ERROR,
});
const producer = kafka.producer({ allowAutoTopicCreation: false });
await producer.connect();

const app = express();
app.post('/webhook/telegram', express.raw({ type: () => true, limit: '1mb' }), async (request, response) => {
  const given = Buffer.from(String(request.get('x-telegram-bot-api-secret-token')));
  if (given.length !== token.length || !timingSafeEqual(given, token)) return response.sendStatus(401);
  try {
    await producer.send({ topic, acks: -1, messages: [{ value: request.body }] });
    response.json({ ok: true });
  } catch {
    response.sendStatus(503);
  }
});
app.listen(Number(process.env.BENCH_PORT), '127.0.0.1');
