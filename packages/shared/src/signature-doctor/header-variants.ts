import type { HeaderPairs } from '../envelope.ts';
import { headerValues, isNamed } from '../headers.ts';
import type { Rewriting, Suspect, Variant } from './diagnosis.ts';

const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The proof headers as they may have been before something on the way, or the sender itself, got them wrong. */
export function headerVariants(suspect: Suspect): readonly Variant[] {
  const { provider } = suspect;
  return [
    ...renamed(suspect),
    ...provider.proofHeaders.flatMap(name => repeated(suspect, name)),
    ...provider.proofHeaders.flatMap(name => rewritten(suspect, name)),
    ...asForm(suspect),
  ];
}

function withHeader(headers: HeaderPairs, name: string, value: string): HeaderPairs {
  const lowerName = name.toLowerCase();
  return [...headers.filter(([other]) => !isNamed(other, lowerName)), [name, value]];
}

function valuesOf({ request }: Suspect, name: string): readonly string[] {
  return headerValues(request.headers, name.toLowerCase());
}

/** All that are missing at once: a proxy that renames one renames the others too. */
function renamed(suspect: Suspect): readonly Variant[] {
  const { request, provider } = suspect;
  const missing = provider.proofHeaders.filter(name => valuesOf(suspect, name).length === 0);
  const found = missing.flatMap(name => {
    const pair = request.headers.find(([other]) => bareName(other) === bareName(name));
    return pair === undefined ? [] : [{ name, value: pair[1] }];
  });
  if (found.length === 0) return [];
  const headers = found.reduce<HeaderPairs>(
    (pairs, { name, value }) => withHeader(pairs, name, value),
    request.headers,
  );
  const names = found.map(({ name }) => name).join(', ');
  return [
    {
      kind: 'header',
      request: { ...request, headers },
      diagnose: () => ({
        code: 'header-renamed',
        what: `valid once ${names} has its own name: it came under another one`,
        fix: `have what is before Ackline pass the header on as ${names}.`,
      }),
    },
  ];
}

/** `HTTP_X_HUB_SIGNATURE_256` and `X-Forwarded-Hub-Signature-256` are both `hub-signature-256`. */
function bareName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('_', '-')
    .replace(/^http-/, '')
    .replace(/^x-(?:forwarded-|original-)?/, '');
}

function repeated(suspect: Suspect, name: string): readonly Variant[] {
  const { request } = suspect;
  const values = valuesOf(suspect, name);
  if (values.length < 2) return [];
  const picks = [
    ['first', values[0] ?? ''],
    ['last', values.at(-1) ?? ''],
  ] as const;
  return picks.map(([which, value]) => ({
    kind: 'header',
    request: { ...request, headers: withHeader(request.headers, name, value) },
    diagnose: () => ({
      code: 'header-repeated',
      what: `valid with the ${which} ${name} alone: the header came ${values.length} times`,
      fix: `a proxy adds ${name} once more: have it pass on the one that came.`,
    }),
  }));
}

const PREFIX = /^(?:sha1|sha256|sha512|hmac-sha256|v0|v1)[=,: ]\s*/i;
const BASE64URL = /^[A-Za-z0-9_-]{20,200}={0,2}$/;
const BASE64 = /^[A-Za-z0-9+/]{20,200}={0,2}$/;
const HEX = /^(?:[0-9a-fA-F]{2}){16,128}$/;

const toHex = (value: string) => (BASE64.test(value) ? Buffer.from(value, 'base64').toString('hex') : null);
const toBase64 = (value: string) => (HEX.test(value) ? Buffer.from(value, 'hex').toString('base64') : null);

const REWRITINGS: readonly Rewriting<string>[] = [
  { words: 'in lower case', of: value => value.toLowerCase() },
  { words: 'with the prefix sha256=', of: value => `sha256=${value}` },
  { words: 'with the prefix v0=', of: value => `v0=${value}` },
  { words: 'with the prefix v1,', of: value => `v1,${value}` },
  { words: 'without its prefix', of: value => value.replace(PREFIX, '') },
  { words: 'without the quotes around it', of: value => /^"(.*)"$/.exec(value)?.[1] ?? null },
  { words: 'up to its first comma', of: value => value.split(',', 1)[0]?.trim() ?? null },
  {
    words: 'in base64 with + and /',
    of: value => (BASE64URL.test(value) ? padded(value.replaceAll('-', '+').replaceAll('_', '/')) : null),
  },
  { words: 'in hexadecimal in place of base64', of: toHex },
  {
    words: 'in hexadecimal in place of base64, with the prefix sha256=',
    of: value => prefixed(toHex(value)),
  },
  { words: 'in base64 in place of hexadecimal', of: value => toBase64(value.replace(PREFIX, '')) },
  { words: 'in lower case with the prefix sha256=', of: value => `sha256=${value.toLowerCase()}` },
];

const prefixed = (hex: string | null) => (hex === null ? null : `sha256=${hex}`);
const padded = (base64: string) => base64.replace(/=+$/, '').padEnd(Math.ceil(base64.length / 4) * 4, '=');

function rewritten(suspect: Suspect, name: string): readonly Variant[] {
  const { request } = suspect;
  const [value, second] = valuesOf(suspect, name);
  if (value === undefined || second !== undefined) return [];
  return REWRITINGS.flatMap(({ words, of }): Variant[] => {
    const other = of(value);
    if (other === null || other === '' || other === value) return [];
    return [
      {
        kind: 'header',
        request: { ...request, headers: withHeader(request.headers, name, other) },
        diagnose: () => ({
          code: 'header-rewritten',
          what: `valid with the value of ${name} ${words}`,
          fix: `the sender, or something on the way, writes ${name} otherwise than the provider does: it has to come ${words}.`,
        }),
      },
    ];
  });
}

/** A form is what is signed with the URL, where nothing else covers the body. */
function asForm({ request, reason }: Suspect): readonly Variant[] {
  if (reason !== 'body_hash_missing') return [];
  return [
    {
      kind: 'header',
      request: { ...request, headers: withHeader(request.headers, 'Content-Type', FORM_TYPE) },
      diagnose: () => ({
        code: 'content-type-changed',
        what: `valid as ${FORM_TYPE}: the Content-Type was changed on the way`,
        fix: 'have what is before Ackline pass the Content-Type on as it comes.',
      }),
    },
  ];
}
