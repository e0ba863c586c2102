import { systemsBefore, type SeedRow, type Shower } from './seed-rows.ts';

/** What of the tree a row can name. */
export interface Tree {
  /** null: there is no such file. */
  read(path: string): string | null;
  /** The words behind `npm run`. */
  readonly scripts: readonly string[];
  /** The words behind `npx ackline`. */
  readonly commands: readonly string[];
}

const TEST_TITLE = /^\s*(?:it|test)\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)/gm;
const PLACEHOLDER = /\$\{[^}]*\}/;

/** A sentence for each row that is missing or named twice, shows nothing, or names what is not there. */
export function seedProblems(rows: readonly SeedRow[], tree: Tree): readonly string[] {
  const ids = rows.map(({ id }) => id);
  const wanted = systemsBefore.flatMap(({ prefix, count }) =>
    Array.from({ length: count }, (_, index) => `${prefix}.${index + 1}`),
  );
  return [
    ...wanted.filter(id => !ids.includes(id)).map(id => `${id}: has no row`),
    ...ids.filter(id => !wanted.includes(id)).map(id => `${id}: is in no list`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map(id => `${id}: has two rows`),
    ...rows.flatMap(row => problemsOf(row, tree).map(problem => `${row.id}: ${problem}`)),
  ];
}

function problemsOf({ shownBy, missing }: SeedRow, tree: Tree): readonly string[] {
  if (shownBy.length === 0 && missing === undefined)
    return ['nothing shows it, and nothing is said to be missing'];
  if (missing === '') return ['says of nothing that it is missing'];
  return shownBy.flatMap(shower => problemsOfShower(shower, tree));
}

function problemsOfShower(shower: Shower, tree: Tree): readonly string[] {
  if ('command' in shower) {
    return isCommand(shower.command, tree) ? [] : [`there is no command \`${shower.command}\``];
  }
  const text = tree.read(shower.file);
  if (text === null) return [`there is no file ${shower.file}`];
  if (shower.titles.length === 0) return [`names no test of ${shower.file}`];
  const titles = titlesOf(text);
  return shower.titles
    .filter(title => !titles.some(template => isTitle(title, template, text)))
    .map(title => `${shower.file} has no test "${title}"`);
}

/** `npm run <script> [-- <part>]`, where the part is a name of the script's own; `npx ackline <command> …`. */
function isCommand(text: string, tree: Tree): boolean {
  const [, script, part] = /^npm run ([a-z:-]+)(?: -- ([a-z-]+))?$/.exec(text) ?? [];
  if (script !== undefined) {
    const hasPart =
      part === undefined || new RegExp(`\\b${part}\\b`).test(tree.read(`scripts/${script}.ts`) ?? '');
    return tree.scripts.includes(script) && hasPart;
  }
  const name = /^npx ackline ([a-z]+)(?: |$)/.exec(text)?.[1];
  return name !== undefined && tree.commands.includes(name);
}

/** The titles of a file's tests as they are written, `${…}` included. One that is skipped, or a comment, is none. */
function titlesOf(text: string): readonly string[] {
  return [...text.matchAll(TEST_TITLE)].map(([, literal = '']) =>
    literal.slice(1, -1).replaceAll(/\\(['"`\\])/g, '$1'),
  );
}

/** Whether a test prints this title; what stands for a placeholder has to be a text of the file, too. */
function isTitle(title: string, template: string, text: string): boolean {
  if (!PLACEHOLDER.test(template)) return title === template;
  const pattern = template
    .split(/\$\{[^}]*\}/)
    .map(part => RegExp.escape(part))
    .join('(.+)');
  const filled = new RegExp(`^${pattern}$`).exec(title);
  return (
    filled !== null &&
    filled.slice(1).every(part => ["'", '"', '`'].some(quote => text.includes(quote + part + quote)))
  );
}
