import { posix } from 'node:path';
import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';
import { keyName, loadedModule, memberName, unwrap } from './origins.ts';
import type { SourceModule } from './parse-module.ts';

/** Finds what a name stands for: a function, a class, or the expression that it was set to, in whichever of the files that is. */
export interface Definitions {
  /** null: it is not made in these files, or only known when it runs. */
  definitionOf(path: NodePath): NodePath | null;
}

/** Aliases of aliases, and files that export from each other, end somewhere. */
const MAX_STEPS = 30;
const EXTENSIONS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx'] as const;
/** TypeScript's older way: the source of what is imported as `.js`. */
const SOURCE_OF: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx', '.jsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

export function createDefinitions(modules: ReadonlyMap<string, SourceModule>): Definitions {
  const byProgram = new Map<t.Node, SourceModule>(
    [...modules.values()].map(module => [module.program.node, module]),
  );
  const files: Files = { modules, byProgram, exports: new Map() };
  return { definitionOf: path => definitionOf(files, path) };
}

interface Files {
  readonly modules: ReadonlyMap<string, SourceModule>;
  readonly byProgram: ReadonlyMap<t.Node, SourceModule>;
  /** What was found, by name and file. */
  readonly exports: Map<string, NodePath | null>;
}

function definitionOf(files: Files, path: NodePath, steps = MAX_STEPS): NodePath | null {
  const bare = unwrap(path);
  if (steps === 0) return null;
  if (bare.isIdentifier()) return ofName(files, bare, steps - 1);
  if (bare.isThisExpression()) return classOf(bare);
  if (bare.isMemberExpression() || bare.isOptionalMemberExpression()) return ofMember(files, bare, steps - 1);
  const module = loadedModule(bare);
  if (module !== null) return moduleAt(files, bare, module)?.program ?? null;
  return bare;
}

function ofName(files: Files, path: NodePath<t.Identifier>, steps: number): NodePath | null {
  const binding = path.scope.getBinding(path.node.name);
  if (binding === undefined) return null;
  const declared = binding.path;
  if (declared.isFunctionDeclaration() || declared.isClassDeclaration()) return declared;
  if (declared.isVariableDeclarator()) return ofVariable(files, declared, path.node.name, steps);
  const parent = declared.parentPath;
  if (!parent?.isImportDeclaration()) return null;
  const from = moduleAt(files, parent, parent.node.source.value);
  if (from === null) return null;
  if (declared.isImportNamespaceSpecifier()) return from.program;
  if (declared.isImportDefaultSpecifier()) return exported(files, from, 'default', steps);
  if (!declared.isImportSpecifier()) return null;
  return exported(files, from, nameOf(declared.node.imported), steps);
}

function ofVariable(
  files: Files,
  declared: NodePath<t.VariableDeclarator>,
  name: string,
  steps: number,
): NodePath | null {
  if (!declared.node.init) return null;
  const init = declared.get('init') as NodePath;
  const { id } = declared.node;
  if (id.type === 'Identifier') return definitionOf(files, init, steps);
  if (id.type !== 'ObjectPattern') return null;
  const property = id.properties.find(
    candidate =>
      candidate.type === 'ObjectProperty' &&
      candidate.value.type === 'Identifier' &&
      candidate.value.name === name,
  );
  const key = property?.type === 'ObjectProperty' ? keyName(property) : null;
  const whole = definitionOf(files, init, steps);
  return key === null || whole === null ? null : memberOf(files, whole, key, steps);
}

function ofMember(
  files: Files,
  path: NodePath<t.MemberExpression> | NodePath<t.OptionalMemberExpression>,
  steps: number,
): NodePath | null {
  const name = memberName(path.node);
  const object = definitionOf(files, path.get('object') as NodePath, steps);
  return name === null || object === null ? null : memberOf(files, object, name, steps);
}

function memberOf(files: Files, whole: NodePath, name: string, steps: number): NodePath | null {
  if (whole.isProgram()) return exported(files, moduleOf(files, whole), name, steps);
  if (whole.isObjectExpression()) return ofObject(files, whole, name, steps);
  if (whole.isClass()) return classMember(whole, name);
  if (!whole.isNewExpression()) return null;
  const made = definitionOf(files, whole.get('callee') as NodePath, steps);
  return made?.isClass() === true ? classMember(made, name) : null;
}

function ofObject(
  files: Files,
  object: NodePath<t.ObjectExpression>,
  name: string,
  steps: number,
): NodePath | null {
  for (const property of object.get('properties')) {
    if (property.isSpreadElement() || keyName(property.node as t.ObjectProperty) !== name) continue;
    return property.isObjectMethod()
      ? property
      : definitionOf(files, property.get('value') as NodePath, steps);
  }
  return null;
}

/** Own names first: then files that export from each other in a circle need not be gone through for them. */
function exported(files: Files, module: SourceModule | null, name: string, steps: number): NodePath | null {
  if (module === null || steps === 0) return null;
  const key = `${name} of ${module.path}`;
  const known = files.exports.get(key);
  if (known !== undefined) return known;
  files.exports.set(key, null); // while it is looked for: who comes back here in a circle finds nothing more
  const found =
    firstOf(module.program.get('body'), statement =>
      ofStatement(files, module, statement, { name, steps }),
    ) ??
    firstOf(name === 'default' ? [] : module.all('ExportAllDeclaration'), star =>
      exported(files, moduleAt(files, star, star.node.source.value), name, steps - 1),
    );
  files.exports.set(key, found);
  return found;
}

function firstOf<T>(list: readonly T[], find: (each: T) => NodePath | null): NodePath | null {
  for (const each of list) {
    const found = find(each);
    if (found !== null) return found;
  }
  return null;
}

function ofStatement(
  files: Files,
  module: SourceModule,
  statement: NodePath<t.Statement>,
  { name, steps }: { readonly name: string; readonly steps: number },
): NodePath | null {
  if (statement.isExportDefaultDeclaration() && name === 'default') {
    return definitionOf(files, statement.get('declaration') as NodePath, steps);
  }
  if (statement.isExportNamedDeclaration()) return ofNamedExport(files, statement, name, steps);
  if (!statement.isExpressionStatement()) return null;
  const value = assignedExport(statement.get('expression'), name);
  if (value === null) return null;
  const whole = definitionOf(files, value.path, steps);
  if (value.isMember || name === 'default') return whole;
  return whole === null || whole.node === module.program.node
    ? null
    : memberOf(files, whole, name, steps - 1);
}

function ofNamedExport(
  files: Files,
  statement: NodePath<t.ExportNamedDeclaration>,
  name: string,
  steps: number,
): NodePath | null {
  const { declaration, specifiers, source } = statement.node;
  if (declaration) return ofDeclaration(files, statement.get('declaration') as NodePath, name, steps);
  const at = specifiers.findIndex(
    candidate => candidate.type === 'ExportSpecifier' && nameOf(candidate.exported) === name,
  );
  const specifier = specifiers[at];
  if (specifier?.type !== 'ExportSpecifier') return null;
  const local = nameOf(specifier.local);
  if (source) return exported(files, moduleAt(files, statement, source.value), local, steps - 1);
  return definitionOf(files, statement.get(`specifiers.${at}.local`) as NodePath, steps - 1);
}

function ofDeclaration(files: Files, declaration: NodePath, name: string, steps: number): NodePath | null {
  if (declaration.isFunctionDeclaration() || declaration.isClassDeclaration()) {
    return declaration.node.id?.name === name ? declaration : null;
  }
  if (!declaration.isVariableDeclaration()) return null;
  for (const declarator of declaration.get('declarations')) {
    const { id } = declarator.node;
    if (id.type === 'Identifier' && id.name === name) return ofVariable(files, declarator, name, steps);
  }
  return null;
}

function moduleAt(files: Files, from: NodePath, specifier: string): SourceModule | null {
  const path = moduleOf(files, from)?.path;
  if (path === undefined || !specifier.startsWith('.')) return null;
  for (const candidate of candidatesFor(posix.join(posix.dirname(path), specifier))) {
    const module = files.modules.get(candidate);
    if (module !== undefined) return module;
  }
  return null;
}

function moduleOf(files: Files, path: NodePath): SourceModule | null {
  const program = path.isProgram() ? path.node : path.scope.getProgramParent().block;
  return files.byProgram.get(program) ?? null;
}

/** The files that an import may mean, the likeliest first. */
export function candidatesFor(path: string): readonly string[] {
  const extension = posix.extname(path);
  const stem = path.slice(0, path.length - extension.length);
  return [
    path,
    ...(SOURCE_OF[extension] ?? []).map(other => stem + other),
    ...EXTENSIONS.map(other => path + other),
    ...EXTENSIONS.map(other => posix.join(path, `index${other}`)),
  ];
}

/** The class whose `this` it is. Functions that have one of their own end the search, but for methods: theirs is the class's. */
function classOf(path: NodePath): NodePath<t.Class> | null {
  for (let at: NodePath | null = path; at !== null; at = at.parentPath) {
    if (at.isClass()) return at;
    if (at.isFunctionDeclaration() || at.isFunctionExpression() || at.isObjectMethod()) return null;
  }
  return null;
}

function classMember(whole: NodePath<t.Class>, name: string): NodePath | null {
  for (const member of whole.get('body').get('body')) {
    if (!('key' in member.node) || keyName(member.node) !== name) continue;
    if (member.isClassMethod() || member.isClassPrivateMethod()) return member;
    if (!member.isClassProperty() && !member.isClassPrivateProperty()) return null;
    return member.node.value ? unwrap(member.get('value') as NodePath) : assignedField(whole, name);
  }
  return assignedField(whole, name);
}

/** What the constructor sets a field to: `this.name = …` among its own statements. */
function assignedField(whole: NodePath<t.Class>, name: string): NodePath | null {
  for (const member of whole.get('body').get('body')) {
    if (!member.isClassMethod({ kind: 'constructor' })) continue;
    for (const statement of member.get('body').get('body')) {
      const assignment = statement.isExpressionStatement() ? statement.get('expression') : null;
      if (assignment?.isAssignmentExpression() !== true) continue;
      const { left } = assignment.node;
      const isField = left.type === 'MemberExpression' && left.object.type === 'ThisExpression';
      if (isField && memberName(left) === name) return unwrap(assignment.get('right'));
    }
  }
  return null;
}

function nameOf(node: t.Identifier | t.StringLiteral): string {
  return node.type === 'Identifier' ? node.name : node.value;
}

/** What `module.exports = …`, `module.exports.name = …` and `exports.name = …` set. */
function assignedExport(
  path: NodePath,
  name: string,
): { readonly path: NodePath; readonly isMember: boolean } | null {
  if (!path.isAssignmentExpression()) return null;
  const target = exportTarget(path.node.left);
  if (target === null || (target !== '' && target !== name)) return null;
  return { path: path.get('right'), isMember: target !== '' };
}

/** The name that an assignment exports; '' for all of the module; null: it is no export. */
export function exportTarget(left: t.Node): string | null {
  if (left.type !== 'MemberExpression') return null;
  const { object } = left;
  const name = memberName(left);
  if (object.type === 'Identifier' && object.name === 'module') return name === 'exports' ? '' : null;
  if (object.type === 'Identifier' && object.name === 'exports') return name;
  return exportTarget(object) === '' ? name : null;
}
