const MEGABYTE = 1_000_000;
/** One level more than is read. */
const TOO_DEEP = 257;

export interface OddBody {
  /** What is odd about it. */
  readonly name: string;
  readonly body: Uint8Array;
  /** False: it is proven like any other, and malformed. */
  readonly isEvent: boolean;
  /** A form that has no text: who signs what a form says did not sign it. */
  readonly isUndecodable?: true;
}

const nested = (levels: number) => '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1);

/** Bodies that any provider might be made to send, of which two readers may think differently. */
export const oddBodies: readonly OddBody[] = [
  { name: 'a byte order mark', body: Buffer.from('\ufeff{"id":"a","type":"b"}'), isEvent: true },
  { name: '1 MB', body: Buffer.from(`{"id":"${'x'.repeat(MEGABYTE)}"}`), isEvent: true },
  { name: '256 levels', body: Buffer.from(nested(TOO_DEEP - 1)), isEvent: true },
  { name: '257 levels', body: Buffer.from(nested(TOO_DEEP)), isEvent: false },
  { name: '100,000 levels that never close', body: Buffer.alloc(100_000, '['), isEvent: false },
  { name: 'duplicate keys', body: Buffer.from('{"id":"a","type":"b","id":"c","type":"d"}'), isEvent: true },
  { name: 'bytes that are not UTF-8', body: Buffer.from('{"id":"\xff\xfe"}', 'latin1'), isEvent: false },
  { name: 'half of a surrogate pair', body: Buffer.from('{"id":"\\ud800","type":"\\udc00"}'), isEvent: true },
  { name: 'a NUL as it is', body: Buffer.from('{"id":"\u0000"}'), isEvent: false },
  { name: 'an escaped NUL', body: Buffer.from('{"id":"a\\u0000","type":"b\\u0000"}'), isEvent: true },
  {
    name: 'the names of inherited members',
    body: Buffer.from('{"__proto__":{"id":"a","type":"b"},"constructor":{"prototype":{"id":1}},"id":{}}'),
    isEvent: true,
  },
  {
    name: 'ids over 2^53',
    body: Buffer.from('{"id":9007199254740993,"type":18446744073709551615}'),
    isEvent: true,
  },
  {
    name: 'numbers that are none',
    body: Buffer.from('{"id":1e999,"created":-1e999,"type":-0}'),
    isEvent: true,
  },
  { name: 'a list', body: Buffer.from('[{"id":"a"}]'), isEvent: false },
  { name: 'null', body: Buffer.from('null'), isEvent: false },
  { name: 'half of the JSON', body: Buffer.from('{"id":"a"'), isEvent: false },
  { name: 'no JSON', body: Buffer.from('id=a&type=b'), isEvent: false },
];

const inList = (body: Uint8Array) => Buffer.concat([Buffer.from('['), body, Buffer.from(']')]);
/** Of their own form below, or no other in a list. */
const NOT_IN_LISTS: ReadonlySet<string> = new Set([
  'a byte order mark',
  '256 levels',
  '257 levels',
  '100,000 levels that never close',
  'a list',
  'null',
]);

/** The same for a provider that sends lists of events. */
export const oddLists: readonly OddBody[] = [
  ...oddBodies.filter(({ name }) => !NOT_IN_LISTS.has(name)).map(odd => ({ ...odd, body: inList(odd.body) })),
  { name: 'a byte order mark', body: Buffer.from('\ufeff[{"id":"a","type":"b"}]'), isEvent: true },
  { name: '256 levels', body: inList(Buffer.from(nested(TOO_DEEP - 2))), isEvent: true },
  { name: '257 levels', body: inList(Buffer.from(nested(TOO_DEEP - 1))), isEvent: false },
  { name: '100,000 levels that never close', body: Buffer.alloc(100_000, '['), isEvent: false },
  { name: 'an object', body: Buffer.from('{"id":"a"}'), isEvent: false },
  { name: 'null', body: Buffer.from('null'), isEvent: false },
  { name: 'no event', body: Buffer.from('[]'), isEvent: true },
  { name: 'what is no event', body: Buffer.from('[null, 1 ,"a,b",[[]],{},[{"id":1}],true]'), isEvent: true },
  { name: '2,000 events', body: inList(Buffer.from(`${'{"id":"a"},'.repeat(1_999)}{}`)), isEvent: true },
];

/** The same for a provider that sends forms. `field`: one that makes an event of them. */
export function oddForms(field = ''): readonly OddBody[] {
  const most = Array.from({ length: field === '' ? 1_000 : 999 }, (_, n) => `n${n}=${n}`).join('&');
  const withField = (form: string | Buffer) =>
    Buffer.concat([Buffer.from(form), Buffer.from(field === '' ? '' : `&${field}`)]);
  return [
    ...[
      ['no field', '&'],
      ['empty names and values', '=&a=&=b&c'],
      ['the same name many times', 'a=2&a=1&a=2&a=&a'],
      ['spaces in every spelling', 'a+b=c+d&e%20f=g h'],
      ['letters of all scripts', 'name=%C3%A9%F0%9F%91%8B&\u6f22=\u5b57'],
      ['a byte order mark', '\ufeffa=b'],
      ['a NUL, escaped and as it is', 'a=%00&b=\u0000'],
      ['the names of inherited members', '__proto__=a&constructor=b&toString=c'],
      ['JSON in it', '{"id":"a","type":"b"}'],
      ['1 MB', `a=${'x'.repeat(MEGABYTE)}`],
      ['1,000 fields', most],
    ].map(([name = '', form = '']) => ({ name, body: withField(form), isEvent: true })),
    ...[
      ['bytes that are not UTF-8', Buffer.from('a=\xff\xfe', 'latin1')],
      ['escaped bytes that are not UTF-8', 'a=%FF%FE&b=%C0%80'],
      ['half of a surrogate pair', 'a=%ED%A0%80'],
      ['a broken escape', 'a=100%'],
      ['half of an escape', 'a=%4'],
      ['1,001 fields', `${most}&z=z`],
    ].map(([name = '', form = '']) => ({
      name: name.toString(),
      body: withField(form),
      isEvent: false,
      isUndecodable: true as const,
    })),
  ];
}
