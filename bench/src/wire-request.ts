/** What every program is sent. */
export const WEBHOOK_PATH = '/webhook/telegram';
/** The secret that Telegram sends in a header, compared by every program. */
export const TOKEN = 'bench-token-0123456789_abcdefghij';
export const USUAL_BODY_BYTES = 700;
/** Ids have one width, so that a request's length never changes. */
const FIRST_UPDATE_ID = 1_000_000_000;
const FIRST_CHAT = 5_000_000;
/** Updates of one chat have one ordering key: with a single chat all of them would go to one partition. */
const CHATS = 5_000;
const FILLER = 'x';

/** One request in a buffer of its own, whose ids are written anew for each send. */
export interface WireRequest {
  /** The request of this number; the same memory each time. */
  of(number: number): Buffer;
}

/**
 * A Telegram update of exactly `bodyBytes` bytes, as the Bot API posts it, but without its `Accept-Encoding`: one of the
 * programs would spend half of its time on compressing an empty answer.
 */
export function createWireRequest(options: {
  readonly host: string;
  readonly bodyBytes: number;
}): WireRequest {
  const body = updateBody(options.bodyBytes);
  const head = [
    `POST ${WEBHOOK_PATH} HTTP/1.1`,
    `Host: ${options.host}`,
    'Connection: keep-alive',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `X-Telegram-Bot-Api-Secret-Token: ${TOKEN}`,
    '',
    '',
  ].join('\r\n');
  const wire = Buffer.from(head + body);
  const updateAt = placesOf(wire, FIRST_UPDATE_ID);
  const chatAt = placesOf(wire, FIRST_CHAT);
  return {
    of(number) {
      const update = String(FIRST_UPDATE_ID + number);
      const chat = String(FIRST_CHAT + (number % CHATS));
      for (const place of updateAt) wire.write(update, place, 'latin1');
      for (const place of chatAt) wire.write(chat, place, 'latin1');
      return wire;
    },
  };
}

function placesOf(wire: Buffer, id: number): readonly number[] {
  const places: number[] = [];
  for (let at = wire.indexOf(String(id)); at >= 0; at = wire.indexOf(String(id), at + 1)) places.push(at);
  return places;
}

/** A text message of a private chat; its text fills the update up to `bytes`. */
function updateBody(bytes: number): string {
  const from = { id: FIRST_CHAT, is_bot: false, first_name: 'Ada', username: 'ada_l', language_code: 'en' };
  const chat = { id: FIRST_CHAT, first_name: 'Ada', username: 'ada_l', type: 'private' };
  const update = (text: string) =>
    `{"update_id":${FIRST_UPDATE_ID},\n"message":${JSON.stringify({ message_id: 4_711, from, chat, date: 1_790_000_000, text })}}`;
  const filler = bytes - update('').length;
  if (filler < 0) throw new Error(`an update has ${update('').length} bytes at least, not ${bytes}`);
  return update(FILLER.repeat(filler));
}
