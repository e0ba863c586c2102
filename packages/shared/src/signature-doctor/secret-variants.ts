import type { Secrets } from '../provider.ts';
import type { Suspect, Variant } from './diagnosis.ts';

interface Spelling {
  readonly words: string;
  /** null: it has no such form. */
  readonly of: (secret: string) => string | null;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });
const PREFIX = /^(?:whsec|whsk|sk|pk|lin_wh|pdl_ntfset)_/;

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** How what a sender has as its secret differs from what was meant, as people report it. */
const SPELLINGS: readonly Spelling[] = [
  { words: 'without the white space around it', of: secret => secret.trim() },
  { words: 'with a line end (\\n) behind it', of: secret => `${secret}\n` },
  { words: 'with a line end (\\r\\n) behind it', of: secret => `${secret}\r\n` },
  { words: 'with a space behind it', of: secret => `${secret} ` },
  { words: 'without the quotes around it', of: secret => /^(["'])(.*)\1$/s.exec(secret)?.[2] ?? null },
  { words: 'in quotes', of: secret => `"${secret}"` },
  { words: 'without its prefix', of: secret => secret.replace(PREFIX, '') },
  { words: 'with the prefix whsec_', of: secret => `whsec_${secret}` },
  // The key of a provider that takes bytes is then the text itself.
  { words: 'in base64 (or as text, in place of its bytes)', of: base64 },
  {
    words: 'in base64 (or as text, in place of its bytes) without its prefix',
    of: secret => base64(secret.replace(PREFIX, '')),
  },
  {
    words: 'decoded from base64',
    of: secret => decoded(secret.replace(PREFIX, ''), 'base64', /^[A-Za-z0-9+/]{4,}={0,2}$/),
  },
  { words: 'in hexadecimal', of: secret => Buffer.from(secret).toString('hex') },
  { words: 'decoded from hexadecimal', of: secret => decoded(secret, 'hex', /^(?:[0-9a-fA-F]{2}){2,}$/) },
  { words: 'decoded from percent signs', of: percentDecoded },
  { words: 'with its escapes (\\u003d) undone', of: unescaped },
  { words: 'in lower case', of: secret => secret.toLowerCase() },
  { words: 'in upper case', of: secret => secret.toUpperCase() },
];

/** The source's secrets as a sender may have them; then those of other sources of the provider. Their values are in no word. */
export function secretVariants({ secrets }: Suspect): readonly Variant[] {
  return SPELLINGS.flatMap(({ words, of }): Variant[] => {
    const spelt = secrets.map(secret => differing(secret, of));
    if (spelt.every(secret => secret === '')) return [];
    return [
      {
        kind: 'secret',
        secrets: spelt,
        diagnose: index => ({
          code: 'secret-differs',
          what: `valid with secrets[${index}] ${words}`,
          fix: `the sender signs with secrets[${index}] ${words}: copy it again, to where one of the two is wrong.`,
        }),
      },
    ];
  });
}

/** The places stay; an empty secret proves nothing. */
function differing(secret: string, of: Spelling['of']): string {
  const spelt = secret === '' ? null : of(secret);
  return spelt === null || spelt === secret ? '' : spelt;
}

/** Its mock events prove nothing, since anybody can have them sent. */
export function testSecretVariants({ provider: { name, testSecret } }: Suspect): readonly Variant[] {
  if (testSecret === undefined) return [];
  return [
    {
      kind: 'secret',
      secrets: [testSecret],
      diagnose: () => ({
        code: 'secret-of-test-tool',
        what: `a mock event of ${name}'s own test tool, which signs for whoever asks it to (${testSecret})`,
        fix: `nothing: it is refused rightly. An event of a test account of ${name}, or \`ackline send ${name}\`, is proven.`,
      }),
    },
  ];
}

/** Of so many: each is one more HMAC. */
const MAX_OTHER_SECRETS = 100;

export function otherSourceVariants({ others, source }: Suspect): readonly Variant[] {
  let room = MAX_OTHER_SECRETS;
  return others.flatMap((other): Variant[] => {
    const secrets: Secrets = other.secrets.slice(0, room);
    room -= secrets.length;
    if (secrets.length === 0) return [];
    return [
      {
        kind: 'secret',
        secrets,
        diagnose: index => ({
          code: 'secret-of-other-source',
          what: `valid with secrets[${index}] of source ${other.source}: it came to the path of another source, or with the secret of another`,
          fix: `give the provider the URL of source ${other.source}, or the secret of source ${source.name}.`,
        }),
      },
    ];
  });
}

function decoded(text: string, encoding: 'base64' | 'hex', form: RegExp): string | null {
  if (!form.test(text)) return null;
  try {
    return UTF8.decode(Buffer.from(text, encoding));
  } catch {
    return null; // bytes that are no text: no provider takes them from here
  }
}

function percentDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** As templates write a text into JSON or JavaScript. */
function unescaped(text: string): string | null {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return null;
  }
}
