// A service API and a Telegram for trying the bot without either: prints what the bot asks and sends. For nothing else.
import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';

const PORT = 8091;
const CATEGORIES = [
  { id: 1, name: 'Heating' },
  { id: 2, name: 'Water' },
];
/** Numbers by idempotency key: a request that comes again is the same request. */
const requests = new Map<string, number>();

interface Call {
  readonly text?: string;
  readonly chat_id?: number;
  readonly reply_markup?: { readonly inline_keyboard: readonly (readonly { callback_data: string }[])[] };
}

async function answerTo(request: IncomingMessage): Promise<object> {
  const { method, url = '', headers } = request;
  if (url.startsWith('/bot')) return telegram((await json(request)) as Call);
  say(`API: ${method} ${url}`);
  if (url.startsWith('/categories?')) return CATEGORIES;
  const key = String(headers['idempotency-key']);
  const number = requests.get(key) ?? requests.size + 1;
  requests.set(key, number);
  return { number };
}

function telegram({ text, chat_id: chat, reply_markup: markup }: Call): object {
  if (text === undefined) return { ok: true, result: true };
  const buttons = markup?.inline_keyboard.flat().map(({ callback_data: data }) => `[${data}]`) ?? [];
  say(`chat ${chat}: ${[text, ...buttons].join(' ')}`);
  return { ok: true, result: { message_id: 1 } };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

createServer((request, response) => {
  answerTo(request).then(
    answer => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
    () => response.writeHead(400).end(),
  );
}).listen(PORT, '127.0.0.1', () => say(`stand-ins: http://127.0.0.1:${PORT}`));
