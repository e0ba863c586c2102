/** One name of values.yaml, as its file has it. */
export interface ChartValue {
  /** `ingress.spool.maxBytes`. */
  readonly path: string;
  /** What stands behind the name; null where more names do, each of its own. */
  readonly fallback: string | null;
  /** The comment above it; '' without one. */
  readonly description: string;
}

interface Line {
  readonly indent: number;
  readonly kind: 'comment' | 'key' | 'other' | 'blank';
  readonly key: string;
  readonly text: string;
}

const KEY = /^([A-Za-z][A-Za-z0-9]*):(?:\s+(.*))?$/;

function readLine(line: string): Line {
  const text = line.trim();
  const indent = line.length - line.trimStart().length;
  if (text === '') return { indent, kind: 'blank', key: '', text };
  if (text.startsWith('#')) return { indent, kind: 'comment', key: '', text: text.replace(/^#\s?/, '') };
  const [, key = '', value = ''] = KEY.exec(text) ?? [];
  return key === '' ? { indent, kind: 'other', key, text } : { indent, kind: 'key', key, text: value };
}

/** The names of a chart's values.yaml in their order. A comment is of the line below it. */
export function chartValues(text: string): readonly ChartValue[] {
  const lines = text.split('\n').map(readLine);
  const values: ChartValue[] = [];
  const parents: Line[] = [];
  let comment: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as Line;
    if (line.kind === 'blank') comment = [];
    if (line.kind === 'comment') comment.push(line.text);
    if (line.kind !== 'key') continue;
    while ((parents.at(-1)?.indent ?? -1) >= line.indent) parents.pop();
    const below = blockBelow(lines, index);
    // Names below that have no comments are what this one stands for.
    const isGroup = line.text === '' && below.some(({ kind }) => kind === 'comment');
    const path = [...parents, line].map(({ key }) => key).join('.');
    const fallback = isGroup ? null : line.text === '' ? below.map(inOneLine).join(' ') : line.text;
    values.push({ path, fallback, description: comment.join(' ') });
    comment = [];
    if (isGroup) parents.push(line);
    else index += below.length;
  }
  return values;
}

function blockBelow(lines: readonly Line[], index: number): readonly Line[] {
  const rest = lines.slice(index + 1);
  const indent = lines[index]?.indent ?? 0;
  const end = rest.findIndex(line => line.kind === 'blank' || line.indent <= indent);
  return end === -1 ? rest : rest.slice(0, end);
}

function inOneLine({ key, text }: Line): string {
  return key === '' ? text : `${key}: ${text}`.trim();
}
