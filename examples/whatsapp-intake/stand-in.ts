// A Twilio for trying the intake without one: it prints what is sent, tells the statuses of it in a wrong order, and has a picture. For
// nothing else.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

const PORT = 8092;
const WEBHOOK = 'http://127.0.0.1:8080/webhook/whatsapp';
const ACCOUNT = { sid: 'AC00000000000000000000000000000001', token: '00000000000000000000000000000000' };
const STATUSES = ['delivered', 'sent', 'read'];
const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
let messages = 0;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '' } = request;
  if (url.endsWith('/Messages.json')) return send(new URLSearchParams(await text(request)), response);
  if (url.endsWith('/Media/ME1')) return void response.writeHead(307, { location: '/file' }).end();
  if (url === '/file')
    return void response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from(PICTURE, 'base64'));
  if (url !== '/picture') return void response.writeHead(404).end();
  await customerSendsPicture();
  response.end();
}

async function send(message: URLSearchParams, response: ServerResponse): Promise<void> {
  const sid = nextSid();
  say(`to ${message.get('To')}: ${message.get('Body')}`);
  response
    .writeHead(201, { 'content-type': 'application/json' })
    .end(JSON.stringify({ sid, status: 'queued' }));
  const addresses = { From: message.get('From') ?? '', To: message.get('To') ?? '' };
  for (const status of STATUSES)
    await post(message.get('StatusCallback') ?? WEBHOOK, {
      MessageSid: sid,
      MessageStatus: status,
      ...addresses,
    });
}

function customerSendsPicture(): Promise<void> {
  return post(WEBHOOK, {
    MessageSid: nextSid(),
    From: 'whatsapp:+15550001111',
    To: 'whatsapp:+15550009999',
    Body: 'Look at this',
    NumMedia: '1',
    MediaUrl0: `http://127.0.0.1:${PORT}/2010-04-01/Accounts/${ACCOUNT.sid}/Messages/MM1/Media/ME1`,
    MediaContentType0: 'image/png',
  });
}

/** Of this start: those of an earlier one are stored. */
function nextSid(): string {
  messages += 1;
  return `SM${(Date.now() * 1_000 + messages).toString(16).padStart(32, '0')}`;
}

/** Signed as Twilio does it: the URL, and behind it each field with its value, by their names. */
async function post(url: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const form = Object.entries({ AccountSid: ACCOUNT.sid, ...fields });
  const signed =
    url +
    form
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flat()
      .join('');
  const signature = createHmac('sha1', ACCOUNT.token).update(signed).digest('base64');
  await fetch(url, {
    method: 'POST',
    headers: { 'x-twilio-signature': signature },
    body: new URLSearchParams(form),
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

createServer((request, response) => {
  answer(request, response).catch((error: unknown) => say(`not sent: ${String(error)}`));
}).listen(PORT, '127.0.0.1', () => say(`stand-in: http://127.0.0.1:${PORT}`));
