/** What the schema of an environment says of one variable; its own words are by `.meta()` (packages/runtime/src/environment-fields.ts). */
interface Variable {
  readonly title?: string;
  readonly description?: string;
  readonly default?: string;
  /** What holds without the variable, where the default does not tell. */
  readonly unset?: string;
  /** Its values have a password in them. */
  readonly secret?: boolean;
}

export type Variables = Readonly<Record<string, Variable>>;

/** A schema of zod. */
interface EnvironmentSchema {
  toJSONSchema(params: { readonly io: 'input' }): { readonly properties?: object };
}

/** The variables that a schema reads, by name. */
export function variablesOf(schema: EnvironmentSchema): Variables {
  return (schema.toJSONSchema({ io: 'input' }).properties ?? {}) as Variables;
}

/** One row a variable, by name. */
export function environmentTable(variables: Variables): string {
  const names = Object.keys(variables).sort();
  if (names.length === 0) return 'It reads no other variables.\n';
  const rows = names.map(name => row(name, variables[name] ?? {}));
  return `| variable | value | default | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}

function row(name: string, { title = '', description = '', secret = false, ...variable }: Variable): string {
  const cells = [
    `\`${name}\``,
    title,
    defaultOf(variable),
    secret ? `${description} **Secret.**` : description,
  ];
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function defaultOf(variable: Variable): string {
  if (variable.unset !== undefined) return variable.unset;
  return variable.default === undefined ? '**needed**' : `\`${variable.default}\``;
}
