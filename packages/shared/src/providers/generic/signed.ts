/** One piece of what is signed: a text as it stands, or what a request has in its place. */
export type SignedPart = { readonly text: string } | { readonly of: SignedValue };
export type SignedValue = (typeof VALUES)[number];

const VALUES = ['body', 'timestamp', 'url', 'id'] as const;
const PLACEHOLDER = /(\{[^{}]*\})/;
/** Printable ASCII, and what can stand between lines. */
const TEXT_FORM = /^[\t\n\r -z|~]*$/;

/** The pieces of a template such as `{timestamp}.{body}`, or what is wrong with it. */
export function parseSigned(
  template: string,
): { readonly parts: readonly SignedPart[] } | { readonly problem: string } {
  const parts: SignedPart[] = [];
  const found = new Set<SignedValue>();
  for (const piece of template.split(PLACEHOLDER)) {
    if (piece === '') continue;
    const value = VALUES.find(name => piece === `{${name}}`);
    if (value === undefined) {
      if (!TEXT_FORM.test(piece)) return { problem: FORM_RULE };
      parts.push({ text: piece });
      continue;
    }
    if (found.has(value)) return { problem: `has {${value}} twice` };
    found.add(value);
    parts.push({ of: value });
  }
  if (!found.has('body')) return { problem: 'must have {body}: what is not signed is not proven' };
  const isApart = idNeighbours(parts).every(text => /^[^A-Za-z0-9]$/.test(text));
  return isApart ? { parts } : { problem: APART_RULE };
}

const FORM_RULE =
  'must be ASCII with {body}, and {timestamp}, {url} and {id} where they are signed: no other { or }';
const APART_RULE =
  'must have something beside {id}, neither a letter nor a digit: else nobody can tell where the id ends';

/**
 * The characters that stand beside the id, which no id can have in it: what is signed is one text, and what moves over such a
 * place would make the same text out of another id and another body. Empty where another value stands there.
 */
function idNeighbours(parts: readonly SignedPart[]): readonly string[] {
  const at = parts.findIndex(part => 'of' in part && part.of === 'id');
  if (at < 0) return [];
  const before = parts[at - 1];
  const after = parts[at + 1];
  return [
    ...(before === undefined ? [] : ['text' in before ? before.text.slice(-1) : '']),
    ...(after === undefined ? [] : ['text' in after ? after.text.slice(0, 1) : '']),
  ];
}

/** Visible ASCII, without what stands beside it where it is signed. */
export function idForm(parts: readonly SignedPart[]): RegExp {
  const excluded = RegExp.escape(idNeighbours(parts).join(''));
  return new RegExp(excluded === '' ? '^[!-~]{1,256}$' : `^(?:(?![${excluded}])[!-~]){1,256}$`);
}

export function signs(parts: readonly SignedPart[], value: SignedValue): boolean {
  return parts.some(part => 'of' in part && part.of === value);
}
