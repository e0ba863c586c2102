import { configSchema } from '@ackline/shared/config/schema';
import { providers } from '@ackline/shared/providers/registry';

/** The parts of JSON Schema that our schema turns into. */
interface SchemaNode {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
}

interface Section {
  readonly path: string;
  readonly node: SchemaNode;
}

/** docs/configuration.md, from the descriptions in the schema of ackline.yaml. */
export function configurationPage(): string {
  const root = toNode(configSchema);
  const sections = sectionsOf({ path: '', node: root });
  const options = [...providers.values()].flatMap(({ name, configurable }) =>
    configurable === undefined
      ? []
      : [table({ path: 'sources[].options', node: toNode(configurable.schema) }, ` of ${name}`)],
  );
  return `<!-- Generated from packages/shared/src/config/schema.ts by \`npm run docs\`. -->

# Configuration: ackline.yaml

Sources, routes and destinations are one YAML file: \`ackline.yaml\` in the working directory, or the file that \`ACKLINE_CONFIG\`
names. It is checked at the start, and \`npx ackline check\` checks it without one, with its secrets: all errors at once, each with
file, line and column (of text that is no YAML only the first). A key that is not listed here is an error. What the environment says: [environment.md](environment.md).

- **Durations** are a whole number and a unit: \`250ms\`, \`5s\`, \`2m\`, \`1h\`, \`30d\`. **Sizes** likewise: \`512KiB\`, \`1MiB\`, \`1GiB\`.
- **Names** have lower-case letters, digits, \`-\`, \`_\` and \`.\`, 63 characters at most.
- **Secrets** are references: \`{ env: NAME }\` or \`{ file: /absolute/path }\`. A secret itself never stands in the file. An empty
  secret is no secret: the start is refused, and the variable or file named. A file is read again within a second after it changed.
- **Half a file** is refused where it can be told: the last line must have its line end too (JSON needs none), and a process that has
  routes takes no file without \`routes\`; \`routes: []\` says that nothing is to be delivered. A file is read once it has not changed for a second: write it
  at once, or write another one and move it to its place.

${[...sections.map(section => table(section)), ...options].join('\n')}`;
}

function toNode(schema: Pick<typeof configSchema, 'toJSONSchema'>): SchemaNode {
  return schema.toJSONSchema({ io: 'input' }) as SchemaNode;
}

/** The object itself and every object below it, in the order of the schema. A secret looks the same everywhere: shown once. */
function sectionsOf({ path, node }: Section): Section[] {
  const children = Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const inner = child.type === 'array' ? child.items : child;
    if (inner?.properties === undefined || inner.title === 'secret') return [];
    const suffix = child.type === 'array' ? '[]' : '';
    return sectionsOf({ path: `${path === '' ? '' : `${path}.`}${key}${suffix}`, node: inner });
  });
  return [{ path, node }, ...children];
}

function table({ path, node }: Section, owner = ''): string {
  const rows = Object.entries(node.properties ?? {}).map(([key, child]) =>
    [
      `\`${key}\``,
      kindOf(child),
      defaultOf(child, node.required?.includes(key) ?? false),
      child.description ?? '',
    ]
      .map(cell => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  const title = path === '' ? 'The file' : `\`${path}\`${owner}`;
  return `## ${title}\n\n| key | value | default | meaning |\n|---|---|---|---|\n${rows.map(row => `| ${row} |\n`).join('')}`;
}

function kindOf(node: SchemaNode): string {
  if (node.type === 'array') return `list of ${node.items?.title ?? 'maps, below'}`;
  return node.title ?? 'map, below';
}

function defaultOf(node: SchemaNode, required: boolean): string {
  if (required) return '**needed**';
  if (node.default === undefined) return 'none';
  if (Array.isArray(node.default)) return `\`[${node.default.join(', ')}]\``;
  if (typeof node.default === 'object') return 'as below';
  return `\`${typeof node.default === 'string' ? node.default : JSON.stringify(node.default)}\``;
}
