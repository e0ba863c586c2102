import { idText, type JsonObject, valueAt } from '../body/json-body.ts';
import { jsonMember, jsonMembers, jsonParts } from '../body/json-parts.ts';
import { type ItemPlace, listAt, type Place } from './events.ts';

/**
 * Gives the body of an event, of Meta's own form and with that event alone: pieces of the given body, byte for byte. Cuts each entry
 * and each change once, however many events are in it.
 */
export function createPartBodies(body: Uint8Array, payload: JsonObject): (place: Place) => Uint8Array {
  const members = jsonMembers(body);
  const entries = [...jsonParts(jsonMember(body, 'entry') ?? EMPTY_LIST)];
  const top = others(members, ['entry']);
  const cutEntry = remember((entry: number) => {
    const own = jsonMembers(entries[entry] ?? EMPTY);
    const list = (name: string) => [
      ...jsonParts(own.findLast(([other]) => other === name)?.[1] ?? EMPTY_LIST),
    ];
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
    const { entry, within } = place;
    const start = [text('{'), ...top, text('"entry":[')];
    if (within === null) return Buffer.concat([...start, entries[entry] ?? EMPTY, text(']}')]);
    const { list, index, item } = within;
    const cut = cutEntry(entry);
    const whole = cut.lists.get(list)?.[index] ?? EMPTY;
    const event = item === null ? [whole] : cutChange(`${entry}/${index}`)(item);
    return Buffer.concat([...start, text('{'), ...cut.others, text(`"${list}":[`), ...event, text(']}]}')]);
  };
}

const LISTS = ['changes', 'messaging', 'standby'] as const;
const ITEMS = ['messages', 'statuses', 'contacts'] as const;
const EMPTY = new Uint8Array();
const EMPTY_LIST = text('[]');

/** A change of WhatsApp's, with one of its messages or states, and the contact that this one is of. */
function cutValue(change: Uint8Array, value: unknown): (item: ItemPlace) => Uint8Array[] {
  const members = jsonMembers(change);
  const own = jsonMembers(members.findLast(([name]) => name === 'value')?.[1] ?? EMPTY);
  const around = others(members, ['value']);
  const beside = others(own, ITEMS);
  const [messages, statuses, contacts] = ITEMS.map(name => [
    ...jsonParts(own.findLast(([other]) => other === name)?.[1] ?? EMPTY_LIST),
  ]);
  const contactOf = createContacts(value);
  return ({ list, index }) => {
    const piece = (list === 'messages' ? messages : statuses)?.[index] ?? EMPTY;
    const at = contactOf({ list, index });
    const contact = at === null ? undefined : contacts?.[at];
    const contactPieces = contact === undefined ? [] : [text('"contacts":['), contact, text('],')];
    const itemPieces = [...contactPieces, text(`"${list}":[`), piece, text(']}}')];
    return [text('{'), ...around, text('"value":{'), ...beside, ...itemPieces];
  };
}

/**
 * The place of an item's contact: by a number or id of who wrote or was written to; else that of the item itself, where each has
 * a contact and no other item has this one. null: there is none.
 */
function createContacts(value: unknown): (item: ItemPlace) => number | null {
  const contacts = listAt(value, 'contacts');
  const places = placesOf(contacts);
  const placeOf = (item: unknown) => {
    const id = PERSON_IDS.map(name => idText(valueAt(item, name))).find(
      own => own !== null && places.has(own),
    );
    return id == null ? null : (places.get(id) ?? null);
  };
  const found = {
    messages: listAt(value, 'messages').map(placeOf),
    statuses: listAt(value, 'statuses').map(placeOf),
  };
  const taken = new Set([...found.messages, ...found.statuses]);
  return ({ list, index }) => {
    const own = found[list][index] ?? null;
    if (own !== null) return own;
    return found[list].length === contacts.length && !taken.has(index) ? index : null;
  };
}

/** Not the group's, which all of its messages have: one of a group is still of one person. */
const PERSON_IDS = [
  'from',
  'from_user_id',
  'recipient_participant_id',
  'recipient_participant_user_id',
  'recipient_id',
  'recipient_user_id',
];

/** By number and by id; of several with the same the first. */
function placesOf(contacts: readonly unknown[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [index, contact] of contacts.entries()) {
    for (const name of ['wa_id', 'user_id']) {
      const id = idText(valueAt(contact, name));
      if (id !== null && !places.has(id)) places.set(id, index);
    }
  }
  return places;
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
