import { z } from 'zod';
import type { Provider } from '../provider.ts';
import { shortList } from './cross-checks.ts';
import type { Finding } from './finding.ts';
import { suggest } from './suggest.ts';
import { type ConfigPath, type Problem, shownKey, type YamlSource } from './yaml-source.ts';

/** A schema, and where in the file its value stands. */
export interface SchemaPlace {
  readonly source: YamlSource;
  readonly schema: z.ZodType;
  readonly at: ConfigPath;
}

/** What a schema says of its value, in our words and with its place in the text. */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], place: SchemaPlace): Problem[] {
  return issues.flatMap(issue => issueProblems(issue, place));
}

function issueProblems(issue: z.core.$ZodIssue, { source, schema, at }: SchemaPlace): Problem[] {
  const steps = issue.path.map(step => (typeof step === 'symbol' ? String(step) : step));
  const path = [...at, ...steps];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, steps);
    return issue.keys.map(key => ({
      offset: source.offsetOf([...path, key], 'key'),
      path,
      message: unknownKeyMessage(key, known),
    }));
  }
  const given = valueAt(source.value, path);
  if (given === undefined) return [placed({ path, message: `is missing: ${issue.message}` }, source)];
  const close =
    issue.code === 'invalid_value' && typeof given === 'string'
      ? suggest(given, issue.values.map(String))
      : null;
  const hint = close === null ? '' : `; did you mean "${close}"?`;
  const part = issue.code === 'custom' && issue.params?.['at'] === 'key' ? 'key' : 'value';
  return [{ offset: source.offsetOf(path, part), path, message: issue.message + hint }];
}

/** What is wrong with the options of sources. A provider that there is not, and what is no map, others report. */
export function optionProblems(
  source: YamlSource,
  providers: ReadonlyMap<string, Pick<Provider, 'configurable'>>,
): Problem[] {
  const sources = valueAt(source.value, ['sources']);
  if (!Array.isArray(sources)) return [];
  return sources.flatMap((entry: unknown, index) => {
    const name = valueAt(entry, ['provider']);
    const options = valueAt(entry, ['options']);
    const provider = typeof name === 'string' ? providers.get(name) : undefined;
    if (provider === undefined || options === undefined) return [];
    const at = ['sources', index, 'options'];
    if (provider.configurable === undefined) {
      return [placed({ path: at, message: `${String(name)} takes no options: take them out` }, source)];
    }
    if (typeof options !== 'object' || options === null || Array.isArray(options)) return [];
    const { schema } = provider.configurable;
    const { error } = schema.safeParse(options);
    return error === undefined ? [] : schemaProblems(error.issues, { source, schema, at });
  });
}

function unknownKeyMessage(key: string, known: readonly string[]): string {
  const close = suggest(key, known);
  const hint = close === null ? `known here: ${shortList(known)}` : `did you mean "${close}"?`;
  return `unknown key${shownKey(key)}; ${hint}`;
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

/** The keys that the schema has at this place of its value. */
function knownKeys(schema: z.ZodType, path: ConfigPath): string[] {
  let node: SchemaNode | undefined = z.toJSONSchema(schema, { io: 'input' }) as SchemaNode;
  for (const step of path) node = typeof step === 'number' ? node?.items : node?.properties?.[step];
  return Object.keys(node?.properties ?? {});
}

export function placed(finding: Finding, source: YamlSource): Problem {
  return { ...finding, offset: source.offsetOf(finding.path, 'value') };
}

export function valueAt(value: unknown, path: ConfigPath): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[step];
  }
  return current;
}
