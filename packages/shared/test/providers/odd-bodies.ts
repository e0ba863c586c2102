const MEGABYTE = 1_000_000;
/** One level more than is read. */
const TOO_DEEP = 257;

export interface OddBody {
  /** What is odd about it. */
  readonly name: string;
  readonly body: Uint8Array;
  /** False: it is proven like any other, and malformed. */
  readonly isEvent: boolean;
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
