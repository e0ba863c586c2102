import { once } from 'node:events';
import { openRaw, type RawClient } from './raw-http.ts';

/** Where the probes go: an ingress with a Telegram source at this path. */
export interface ProbeTarget {
  readonly port: number;
  readonly path: string;
  readonly token: string;
}

/** One thing that a client may do, and what has to come of it. */
export interface NastyProbe {
  readonly name: string;
  /** Status codes (with the code of a problem) in order; `closed`: the server ended the connection. */
  readonly expected: string;
  run(target: ProbeTarget): Promise<string>;
}

let lastId = 0;

function body(): string {
  lastId += 1;
  return `{"update_id":${lastId},"message":{"chat":{"id":7},"date":1700000000,"text":"é"}}`;
}

interface Parts {
  readonly line?: string;
  readonly host?: string;
  readonly type?: string;
  readonly extra?: readonly string[];
  readonly length?: string | null;
  readonly body?: string | Uint8Array;
}

/** A good request but for what is given. */
function request({ path, token }: ProbeTarget, parts: Parts = {}): Buffer {
  const bytes = Buffer.from((parts.body ?? body()) as string);
  const length = parts.length === undefined ? `Content-Length: ${bytes.length}` : parts.length;
  const head = [
    parts.line ?? `POST ${path} HTTP/1.1`,
    parts.host ?? 'Host: hooks.test',
    parts.type ?? 'Content-Type: application/json',
    `X-Telegram-Bot-Api-Secret-Token: ${token}`,
    ...(parts.extra ?? []),
    length ?? '',
  ].filter(line => line !== '');
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

async function answersOf(client: RawClient, most: number): Promise<string[]> {
  const got: string[] = [];
  while (got.length < most) {
    try {
      const { status, body: text } = await client.answer();
      const code = /"code":"(\w+)"/.exec(text)?.[1];
      got.push(code === undefined ? String(status) : `${status} ${code}`);
    } catch {
      got.push('closed');
      break;
    }
  }
  return got;
}

interface Sending {
  /** How many answers are waited for; the end of the connection counts as one. */
  readonly answers?: number;
  /** The client ends its side once all is sent. */
  readonly ends?: boolean;
}

function probe(
  name: string,
  expected: string,
  bytes: (target: ProbeTarget) => string | Uint8Array,
  { answers = 2, ends = false }: Sending = {},
): NastyProbe {
  return {
    name,
    expected,
    async run(target) {
      using client = await openRaw(target.port);
      client.write(bytes(target));
      if (ends) client.socket.end();
      return (await answersOf(client, answers)).join(', ');
    },
  };
}

const MALFORMED = '400 ACKLINE_MALFORMED, closed';
const CHUNKED = 'Transfer-Encoding: chunked';
const ONE = { answers: 1 } as const;

const SMUGGLING: readonly NastyProbe[] = [
  probe('Content-Length and Transfer-Encoding', MALFORMED, at =>
    request(at, { extra: ['Content-Length: 4', CHUNKED], length: null, body: '0\r\n\r\n' }),
  ),
  probe('Transfer-Encoding and Content-Length', MALFORMED, at =>
    request(at, { extra: [CHUNKED, 'Content-Length: 4'], length: null, body: '0\r\n\r\n' }),
  ),
  probe('two lengths that differ', MALFORMED, at => request(at, { extra: ['Content-Length: 3'] })),
  probe('two lengths that are the same', MALFORMED, at =>
    request(at, { extra: ['Content-Length: 2'], length: 'Content-Length: 2', body: '{}' }),
  ),
  probe('a length with a sign', MALFORMED, at => request(at, { length: 'Content-Length: +2', body: '{}' })),
  probe('a coding that is nearly chunked', MALFORMED, at =>
    request(at, { length: 'Transfer-Encoding: xchunked', body: '0\r\n\r\n' }),
  ),
  probe('chunked that is not the last coding', MALFORMED, at =>
    request(at, { length: 'Transfer-Encoding: chunked, identity', body: '0\r\n\r\n' }),
  ),
  probe('a space before the colon', MALFORMED, at => request(at, { extra: ['X-A : b'] })),
  probe('a header on two lines', MALFORMED, at => request(at, { extra: ['X-A: b', ' c'] })),
  probe('bare line feeds', MALFORMED, at => request(at).toString('latin1').replaceAll('\r\n', '\n')),
  probe('a bare carriage return in a header', MALFORMED, at => request(at, { extra: ['X-A: b\rX-C: d'] })),
  probe('a chunk size that is no number', MALFORMED, at => request(at, { length: CHUNKED, body: 'zz\r\n' })),
  probe('a chunk extension of 20,000 bytes', MALFORMED, at =>
    request(at, { length: CHUNKED, body: `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n` }),
  ),
  probe('garbage behind a request', '200, closed', at =>
    Buffer.concat([request(at), Buffer.from('\x00\x01 x\r\n')]),
  ),
  probe('a body longer than declared', '200, closed', at =>
    Buffer.concat([request(at), Buffer.from('{"more":1}\r\n\r\n')]),
  ),
];

const NO_HOST = Buffer.from('GET /b HTTP/1.1\r\n\r\n');
const CONNECT = Buffer.from('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n');

/** Behind an answer that is sent before the next request is parsed, and that keeps the connection. */
function behind405(name: string, expected: string, rest: (at: ProbeTarget) => readonly Buffer[]): NastyProbe {
  const first = Buffer.from('PUT /health HTTP/1.1\r\nHost: x\r\n\r\n');
  return probe(
    `a 405, then ${name}`,
    `405 ACKLINE_METHOD_NOT_ALLOWED, ${expected}`,
    at => Buffer.concat([first, ...rest(at)]),
    { answers: 3 },
  );
}

const PIPELINED: readonly NastyProbe[] = [
  behind405('no Host', MALFORMED, () => [NO_HOST]),
  behind405('an expectation that nobody knows', '417 ACKLINE_EXPECTATION_FAILED, closed', at => [
    request(at, { extra: ['Expect: a-miracle'] }),
  ]),
  behind405('CONNECT', '405 ACKLINE_METHOD_NOT_ALLOWED, closed', () => [CONNECT]),
  behind405('garbage', MALFORMED, () => [Buffer.from('\x00\x01 x\r\n')]),
  behind405('no Host and a good request', MALFORMED, at => [NO_HOST, request(at)]),
  behind405('a good request and no Host', '200, closed', at => [request(at), NO_HOST]),
  probe('a 404, then no Host', '404 ACKLINE_NO_SUCH_SOURCE, closed', () =>
    Buffer.concat([Buffer.from('GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n'), NO_HOST]),
  ),
];

const FRAMING: readonly NastyProbe[] = [
  probe(
    'three pipelined requests',
    '200, 200, 200',
    at => Buffer.concat([request(at), request(at), request(at)]),
    {
      answers: 3,
    },
  ),
  probe('a request behind one with Connection: close', '200, closed', at =>
    Buffer.concat([request(at, { extra: ['Connection: close'] }), request(at)]),
  ),
  probe('HTTP/1.0', '200, closed', at => request(at, { line: `POST ${at.path} HTTP/1.0` })),
  probe('HTTP/1.0 without a host', '200, closed', at =>
    request(at, { line: `POST ${at.path} HTTP/1.0`, host: '' }),
  ),
  probe('HTTP/1.0 that keeps the connection', '200, 200', at => {
    const parts = { line: `POST ${at.path} HTTP/1.0`, extra: ['Connection: keep-alive'] };
    return Buffer.concat([request(at, parts), request(at, parts)]);
  }),
  probe('HTTP/2 without an upgrade', MALFORMED, () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  probe('HTTP/3.7', MALFORMED, at => request(at, { line: `POST ${at.path} HTTP/3.7` })),
  probe('an expectation that nobody knows', '417 ACKLINE_EXPECTATION_FAILED, closed', at =>
    request(at, { extra: ['Expect: a-miracle'] }),
  ),
  probe('no Host', MALFORMED, at => request(at, { host: '' })),
  probe('two Hosts', MALFORMED, at => request(at, { extra: ['Host: other.test'] })),
  probe('a client that ends its side after the request', '200, closed', at => request(at), { ends: true }),
  probe('a body shorter than declared, and the end', MALFORMED, at => request(at).subarray(0, -5), {
    ends: true,
  }),
  probe('a head that is cut off', MALFORMED, at => request(at).subarray(0, 60), { ends: true }),
  probe('an empty body', '400 ACKLINE_EMPTY_BODY', at => request(at, { body: '' }), ONE),
  probe('no length at all', '400 ACKLINE_EMPTY_BODY', at => request(at, { length: null, body: '' }), ONE),
];

function method(name: string, expected: string, line?: string): NastyProbe {
  return probe(
    `${name} of a webhook`,
    expected,
    at => `${line ?? `${name} ${at.path}`} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ONE,
  );
}

const NOT_ALLOWED = '405 ACKLINE_METHOD_NOT_ALLOWED';
const METHODS: readonly NastyProbe[] = [
  method('GET', NOT_ALLOWED),
  method('OPTIONS', NOT_ALLOWED),
  method('PUT', NOT_ALLOWED),
  method('DELETE', NOT_ALLOWED),
  method('TRACE', NOT_ALLOWED),
  probe('CONNECT', `${NOT_ALLOWED}, closed`, () => CONNECT),
  probe('a method that there is not', MALFORMED, at => `FETCH ${at.path} HTTP/1.1\r\nHost: x\r\n\r\n`),
  probe(
    'an upgrade that nobody offers',
    '200',
    at => request(at, { extra: ['Connection: upgrade', 'Upgrade: h2c'] }),
    ONE,
  ),
];

const NO_SOURCE = '404 ACKLINE_NO_SUCH_SOURCE, closed';
const TARGETS: readonly NastyProbe[] = [
  probe('a target with an authority', NO_SOURCE, at =>
    request(at, { line: `POST http://evil.test${at.path} HTTP/1.1` }),
  ),
  probe('an invalid percent escape', NO_SOURCE, at => request(at, { line: `POST ${at.path}%zz HTTP/1.1` })),
  probe('an invalid percent escape elsewhere', NO_SOURCE, at =>
    request(at, { line: 'POST /%E0%A4%A HTTP/1.1' }),
  ),
  probe('an escaped NUL', NO_SOURCE, at => request(at, { line: `POST ${at.path}%00 HTTP/1.1` })),
  probe('an escaped slash', NO_SOURCE, at =>
    request(at, { line: `POST ${at.path.replace(/(?<=.)\//g, '%2f')} HTTP/1.1` }),
  ),
  probe('a NUL', MALFORMED, at => request(at, { line: `POST ${at.path}\0 HTTP/1.1` })),
  probe('a NUL in a header', MALFORMED, at => request(at, { extra: ['X-A: a\0b'] })),
  probe('dots that climb', NO_SOURCE, at => request(at, { line: `POST /x/..${at.path} HTTP/1.1` })),
  probe('a URL of 20,000 bytes', MALFORMED, at =>
    request(at, { line: `POST ${at.path}?${'x'.repeat(20_000)} HTTP/1.1` }),
  ),
  probe('a header of 20,000 bytes', MALFORMED, at => request(at, { extra: [`X-A: ${'x'.repeat(20_000)}`] })),
  probe(
    '2,000 headers',
    '200',
    at => request(at, { extra: Array.from({ length: 2_000 }, () => 'a: b') }),
    ONE,
  ),
  probe('10,000 headers', MALFORMED, at =>
    request(at, { extra: Array.from({ length: 10_000 }, () => 'a: b') }),
  ),
];

const BODY_MALFORMED = '400 ACKLINE_MALFORMED';
const BODIES: readonly NastyProbe[] = [
  probe(
    'JSON that is not UTF-8',
    BODY_MALFORMED,
    at => request(at, { body: Buffer.from([0x22, 0xc3, 0x28, 0x22]) }),
    ONE,
  ),
  probe('JSON nested 50,000 deep', BODY_MALFORMED, at => request(at, { body: '['.repeat(50_000) }), ONE),
  probe('two content types', '415 ACKLINE_UNSUPPORTED_TYPE, closed', at =>
    request(at, { extra: ['Content-Type: text/plain'] }),
  ),
];

/** A head that stops in its middle. */
const slowHead = probe('a head that stops', '408 ACKLINE_BODY_TOO_SLOW, closed', at =>
  request(at).subarray(0, 60),
);
const slowBody = probe('a body that stops', '408 ACKLINE_BODY_TOO_SLOW, closed', at =>
  request(at).subarray(0, -5),
);

const expectContinue: NastyProbe = {
  name: 'Expect: 100-continue',
  expected: '100, 200',
  async run(target) {
    using client = await openRaw(target.port);
    const bytes = request(target, { extra: ['Expect: 100-continue'] });
    const headEnd = bytes.indexOf('\r\n\r\n') + 4;
    client.write(bytes.subarray(0, headEnd));
    await once(client.socket, 'data');
    client.write(bytes.subarray(headEnd));
    const answers = await answersOf(client, 1);
    return [...Array.from({ length: client.continues() }, () => '100'), ...answers].join(', ');
  },
};

const head: NastyProbe = {
  name: 'HEAD of a webhook',
  expected: '405 without a body',
  async run(target) {
    using client = await openRaw(target.port);
    client.write(`HEAD ${target.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const chunks: Buffer[] = [];
    client.socket.on('data', chunk => void chunks.push(chunk));
    await client.closed;
    const [top = '', rest] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n');
    return `${top.slice(9, 12)} ${rest === '' ? 'without a body' : 'with a body'}`;
  },
};

const reset: NastyProbe = {
  name: 'a reset in the middle of a body, then another client',
  expected: '200',
  async run(target) {
    {
      using client = await openRaw(target.port);
      client.write(request(target).subarray(0, -5));
      client.socket.resetAndDestroy();
    }
    using next = await openRaw(target.port);
    next.write(request(target));
    return (await answersOf(next, 1)).join(', ');
  },
};

/** Every probe; the slow ones take up to seven seconds, so that they are best run side by side. */
export const NASTY_PROBES: readonly NastyProbe[] = [
  ...SMUGGLING,
  ...FRAMING,
  ...PIPELINED,
  expectContinue,
  ...METHODS,
  head,
  ...TARGETS,
  ...BODIES,
  reset,
  slowBody,
  slowHead,
];

export interface ProbeResult {
  readonly name: string;
  readonly expected: string;
  readonly got: string;
}

/** All probes side by side, each on connections of its own. */
export function runNastyProbes(target: ProbeTarget): Promise<ProbeResult[]> {
  return Promise.all(
    NASTY_PROBES.map(async probe => ({
      name: probe.name,
      expected: probe.expected,
      got: await probe.run(target),
    })),
  );
}
