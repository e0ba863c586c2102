import { namesBefore } from './names-before.ts';

/** What of the tree MIGRATING.md may name. */
export interface Known {
  /** Of docs/environment.md, and those that hold secrets. */
  readonly variables: ReadonlySet<string>;
  readonly metrics: ReadonlySet<string>;
  /** Their names without `Ackline` are none. */
  readonly alerts: ReadonlySet<string>;
  /** What docs/logs.md says of lines. */
  readonly logs: string;
  /** The words behind `npx ackline`, with the source that has their options. */
  readonly commands: ReadonlyMap<string, string>;
  /** The words behind `npm run`. */
  readonly scripts: ReadonlySet<string>;
}

interface Row {
  readonly before: string;
  /** Where it is now, and what is different. */
  readonly now: string;
}

/** Up to what changes from one line to the next. */
const STABLE_START = /^[^\dX.]+/;
/** The one word for all of them. */
const SAME_LINE = /^the same line/;

/** A sentence for each name without a row, and for each thing that is said to be there and is not. */
export function pageProblems(page: string, known: Known): readonly string[] {
  return [...missingRows(page), ...wrongLines(page, known), ...unknownNames(page, known)];
}

function missingRows(page: string): readonly string[] {
  return Object.entries(namesBefore).flatMap(([heading, names]) => {
    const rows = rowsOf(page, heading);
    return names
      .filter(name => !rows.some(({ before }) => before.includes(name)))
      .map(name => `${heading}: ${name} has no row`);
  });
}

function wrongLines(page: string, { logs }: Known): readonly string[] {
  return Object.keys(namesBefore).flatMap(heading =>
    rowsOf(page, heading)
      .filter(({ now }) => SAME_LINE.test(now))
      .map(({ before }) => before.replaceAll('`', '').match(STABLE_START)?.[0].trim() ?? '')
      .filter(start => start === '' || !logs.includes(start))
      .map(start => `${heading}: docs/logs.md has no line ${start}`),
  );
}

function unknownNames(page: string, known: Known): readonly string[] {
  const said = Object.keys(namesBefore).flatMap(heading => [
    ...rowsOf(page, heading).map(({ now }) => now),
    ...commandsOf(sectionOf(page, heading)),
  ]);
  const text = said.join('\n');
  const unknown = (kind: string, names: Iterable<string>, has: (name: string) => boolean) =>
    [...new Set(names)].filter(name => !has(name)).map(name => `there is no ${kind} ${name}`);
  return [
    ...unknown(
      'variable',
      matches(text, /\b[A-Z]+(?:_[A-Z]+)+\b/g).filter(name => !isOfText(name, text)),
      name => known.variables.has(name),
    ),
    ...unknown('metric', matches(text, /\backline_[a-z_]+/g), name => known.metrics.has(name)),
    ...unknown('alert', matches(text, /\bAckline[A-Z]\w+/g), name => known.alerts.has(name)),
    ...unknown('script', matches(text, /(?<=npm run )[a-z:-]+/g), name => known.scripts.has(name)),
    ...unknown('command', matches(text, /(?<=npx ackline )[^`\n|#;>]+/g), line => isCommand(line, known)),
  ];
}

/** A variable that the commands themselves make. */
function isOfText(name: string, text: string): boolean {
  return name.includes('RESPONDIO') || new RegExp(`\\b${name}\\(\\)`).test(text);
}

function isCommand(line: string, { commands }: Known): boolean {
  const [name = '', ...words] = line.trim().split(/\s+/);
  const source = commands.get(name);
  const options = words.filter(word => word.startsWith('--'));
  return source !== undefined && options.every(option => source.includes(option));
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([match]) => match);
}

/** A section with its heading, up to the next one. */
function sectionOf(page: string, heading: string): string {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  return section.split(/^## /m)[0] ?? '';
}

function rowsOf(page: string, heading: string): readonly Row[] {
  return [...sectionOf(page, heading).matchAll(/^\| (.+?) \| (.+?) \|(?: (.*?) ?\|)$/gm)]
    .slice(1) // the titles
    .map(([, before = '', now = '', different = '']) => ({ before, now: `${now} ${different}` }));
}

/** What a person types, in the order of the page. */
function commandsOf(section: string): readonly string[] {
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
}
