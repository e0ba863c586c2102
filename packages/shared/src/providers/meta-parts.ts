import { isObject, type JsonObject, valueAt } from './json-body.ts';
import { jsonMember, jsonMembers, jsonParts } from './json-parts.ts';
import { listAt, type MetaEvent, personOf, type Place } from './meta-events.ts';

/** What is around an event is in each body again: of more than this many bodies' bytes, and some, the whole stays one. */
const MAX_GROWTH = 4;
const MAX_ADDED_BYTES = 4_194_304;

/**
 * A body for each event, of Meta's own form and with that event alone: pieces of the given body, byte for byte. null: that would be
 * many times the size of the body.
 */
export function partBodies(
  body: Uint8Array,
  payload: JsonObject,
  events: readonly MetaEvent[],
): readonly Uint8Array[] | null {
  const framesOf = createFrames(body, payload);
  const bodies: Uint8Array[] = [];
  let room = body.length * MAX_GROWTH + MAX_ADDED_BYTES;
  for (const { place } of events) {
    const pieces = framesOf(place);
    room -= pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (room < 0) return null;
    bodies.push(Buffer.concat(pieces));
  }
  return bodies;
}

/** Cuts each entry and each change once, however many events are in it. */
function createFrames(body: Uint8Array, payload: JsonObject): (place: Place) => readonly Uint8Array[] {
  const members = jsonMembers(body);
  const entries = jsonParts(jsonMember(body, 'entry') ?? EMPTY_LIST);
  const top = others(members, ['entry']);
  const cutEntry = remember((entry: number) => {
    const own = jsonMembers(entries[entry] ?? EMPTY);
    const list = (name: string) => jsonParts(own.findLast(([other]) => other === name)?.[1] ?? EMPTY_LIST);
    return { others: others(own, LISTS), lists: new Map(LISTS.map(name => [name, list(name)])) };
  });
  const cutChange = remember((key: string) => {
    const [entry, index] = key.split('/').map(Number);
    return cutValue(
      cutEntry(entry ?? 0).lists.get('changes')?.[index ?? 0] ?? EMPTY,
      valueAt(listAt(listAt(payload, 'entry')[entry ?? 0], 'changes')[index ?? 0], 'value'),
    );
  });
  return place => {
    const { entry, list, index, item } = place;
    const cut = cutEntry(entry);
    const whole = cut.lists.get(list)?.[index] ?? EMPTY;
    const event = item === null ? [whole] : cutChange(`${entry}/${index}`)(item);
    return [
      text('{'),
      ...top,
      text('"entry":[{'),
      ...cut.others,
      text(`"${list}":[`),
      ...event,
      text(']}]}'),
    ];
  };
}

const LISTS = ['changes', 'messaging', 'standby'] as const;
const ITEMS = ['messages', 'statuses', 'contacts'] as const;
const EMPTY = new Uint8Array();
const EMPTY_LIST = text('[]');

/** A change of WhatsApp's, with one of its messages or states, and the contact that this one is of. */
function cutValue(change: Uint8Array, value: unknown): (item: NonNullable<Place['item']>) => Uint8Array[] {
  const members = jsonMembers(change);
  const own = jsonMembers(members.findLast(([name]) => name === 'value')?.[1] ?? EMPTY);
  const around = others(members, ['value']);
  const beside = others(own, ITEMS);
  const [messages, statuses, contacts] = ITEMS.map(name =>
    jsonParts(own.findLast(([other]) => other === name)?.[1] ?? EMPTY_LIST),
  );
  return ({ list, index }) => {
    const piece = (list === 'messages' ? messages : statuses)?.[index] ?? EMPTY;
    const at = contactOf(value, { list, index });
    const contact = at === null ? undefined : contacts?.[at];
    const contactPieces = contact === undefined ? [] : [text('"contacts":['), contact, text('],')];
    const itemPieces = [...contactPieces, text(`"${list}":[`), piece, text(']}}')];
    return [text('{'), ...around, text('"value":{'), ...beside, ...itemPieces];
  };
}

/** Its place: by the person's number or id, else that of the event itself; null: there is none. */
function contactOf(value: unknown, { list, index }: NonNullable<Place['item']>): number | null {
  const person = personOf(listAt(value, list)[index]);
  const all = listAt(value, 'contacts');
  const found = all.findIndex(
    contact => isObject(contact) && [contact['wa_id'], contact['user_id']].includes(person),
  );
  if (found !== -1) return found;
  return index < all.length ? index : null;
}

/** Members with their names, each with a comma behind it. */
function others(
  members: readonly (readonly [name: string, value: Uint8Array])[],
  without: readonly string[],
): Uint8Array[] {
  return members.flatMap(([name, value]) =>
    without.includes(name) ? [] : [text(`${JSON.stringify(name)}:`), value, text(',')],
  );
}

function text(json: string): Uint8Array {
  return Buffer.from(json);
}

function remember<Key extends number | string, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return key => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
