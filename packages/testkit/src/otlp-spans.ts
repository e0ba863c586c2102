/** A span as OpenTelemetry's protocol carries it (opentelemetry/proto/trace/v1/trace.proto), as far as tests look at it. */
export interface OtlpSpan {
  /** `service.name` of its resource. */
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly string[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
}

type Value = bigint | Buffer;
type Message = ReadonlyMap<number, readonly Value[]>;

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const ERROR_STATUS = 2;
const NS_PER_MS = 1_000_000;

/** The spans of an ExportTraceServiceRequest in protobuf. Throws for anything else. */
export function decodeOtlpSpans(body: Buffer): readonly OtlpSpan[] {
  return messages(decode(body), 1).flatMap(resourceSpans => {
    const [resource] = messages(resourceSpans, 1);
    const service = resource === undefined ? '' : String(attributesOf(resource, 1)['service.name']);
    return messages(resourceSpans, 2).flatMap(scopeSpans =>
      messages(scopeSpans, 2).map(span => toSpan(span, service)),
    );
  });
}

function toSpan(span: Message, service: string): OtlpSpan {
  const [status] = messages(span, 15);
  return {
    service,
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentId: hex(span, 4),
    name: text(span, 5),
    kind: KINDS[number(span, 6)] ?? 'unknown',
    startMs: number(span, 7) / NS_PER_MS,
    endMs: number(span, 8) / NS_PER_MS,
    attributes: attributesOf(span, 9),
    events: messages(span, 11).map(event => text(event, 2)),
    links: messages(span, 13).map(link => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
    isError: status !== undefined && number(status, 3) === ERROR_STATUS,
  };
}

function attributesOf(message: Message, field: number): Record<string, string | number | boolean> {
  return Object.fromEntries(
    messages(message, field).map(pair => {
      const [value] = messages(pair, 2);
      return [text(pair, 1), value === undefined ? '' : anyValue(value)];
    }),
  );
}

function anyValue(value: Message): string | number | boolean {
  if (value.has(1)) return text(value, 1);
  if (value.has(2)) return number(value, 2) === 1;
  if (value.has(3)) return number(value, 3);
  const double = value.get(4)?.[0];
  if (typeof double !== 'bigint') throw new Error('an attribute of a form that no span of ours has');
  return Buffer.from(BigUint64Array.of(double).buffer).readDoubleLE();
}

function messages(message: Message, field: number): readonly Message[] {
  return (message.get(field) ?? []).map(value => decode(bytes(value)));
}

const bytes = (value: Value | undefined): Buffer => (Buffer.isBuffer(value) ? value : Buffer.alloc(0));
const hex = (message: Message, field: number) => bytes(message.get(field)?.[0]).toString('hex');
const text = (message: Message, field: number) => bytes(message.get(field)?.[0]).toString('utf8');

function number(message: Message, field: number): number {
  const value = message.get(field)?.[0] ?? 0n;
  if (typeof value !== 'bigint') throw new Error(`field ${field} is no number`);
  return Number(value);
}

/** Fields by number, each with its values in order: a number, or bytes. */
function decode(buffer: Buffer): Message {
  const fields = new Map<number, Value[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > buffer.length) throw new Error('the message ends too early');
    at += length;
    return buffer.subarray(at - length, at);
  };
  const readValue = (wireType: number): Value => {
    if (wireType === 0) return varint();
    if (wireType === 1) return take(8).readBigUInt64LE();
    if (wireType === 2) return take(Number(varint()));
    if (wireType === 5) return BigInt(take(4).readUInt32LE());
    throw new Error(`no protobuf: wire type ${wireType}`);
  };
  while (at < buffer.length) {
    const tag = Number(varint());
    const field = tag >> 3;
    fields.set(field, [...(fields.get(field) ?? []), readValue(tag & 7)]);
  }
  return fields;
}
