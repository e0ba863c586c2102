import { createHash } from 'node:crypto';

/** What must be nowhere but in the payload: each is unlike any other text that a test has. */
export const CANARY = {
  /** A secret of sources, and part of URLs and of the configuration. */
  secret: 's3cr3tCanary7f3a9b2c41',
  phone: '+4915187654321',
  /** The digits of the phone number as a chat's id: the ordering key. */
  chat: 4_915_187_654_321,
  text: 'canary text 5b1d0e "quoted" é',
  /** Of the sender's own id for the event. */
  id: 'msgCanary61c0d7',
  header: 'headerCanary90ab12',
} as const;

/** Of each canary what is looked for: short enough that escapes and cuts don't hide it. */
const NEEDLES: readonly (readonly [what: string, text: string])[] = [
  ['secret', CANARY.secret],
  ['phone', '15187654321'],
  ['text', 'canary text 5b1d0e'],
  ['id', CANARY.id],
  ['header', CANARY.header],
];

/** The forms in which a text may turn up: as it is, in a URL or form, in hexadecimal, and anywhere in base64. */
function formsOf(text: string): string[] {
  const inBase64 = [0, 1, 2].map(shift => {
    const encoded = Buffer.from(' '.repeat(shift) + text).toString('base64');
    // The first and last characters depend on what stands beside it.
    return encoded.slice(shift === 0 ? 0 : 4, -4);
  });
  const forms = [
    text,
    encodeURIComponent(text),
    text.replaceAll(' ', '+'),
    Buffer.from(text).toString('hex'),
    createHash('sha256').update(text).digest('hex'),
    ...inBase64,
  ];
  return [...new Set(forms.map(form => form.toLowerCase()))];
}

const FORMS = NEEDLES.flatMap(([what, text]) =>
  formsOf(text).map(form => [what, form.toLowerCase()] as const),
);

/** Something that people or programs read which must not show a payload. */
export interface Sink {
  readonly name: string;
  read(): string | Promise<string>;
}

/** Where canaries are: "log of the ingress: phone in …41 chars around it…". */
export async function findCanaries(sinks: readonly Sink[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const sink of sinks) {
    const { name } = sink;
    const text = await sink.read();
    const lower = text.toLowerCase();
    for (const [what, form] of FORMS) {
      const at = lower.indexOf(form);
      if (at !== -1)
        found.push(`${name}: ${what} in …${text.slice(Math.max(0, at - 200), at + form.length + 40)}…`);
    }
  }
  return found;
}
