import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';

/**
 * Where a value comes from: `promises.readFile` after `import { promises } from 'node:fs'` is readFile of promises of fs. The
 * default of a module and the module itself are one: CommonJS and its imports mix them.
 */
export interface Origin {
  /** As it is imported, without `node:`; null: a global. */
  readonly module: string | null;
  readonly names: readonly string[];
}

/** Aliases of aliases end somewhere. */
const MAX_STEPS = 20;

/** null: it is made here, or nothing is known of it. */
export function originOf(path: NodePath, steps = MAX_STEPS): Origin | null {
  const bare = unwrap(path);
  if (steps === 0) return null;
  if (bare.isIdentifier()) return originOfName(bare, steps - 1);
  if (bare.isMemberExpression() || bare.isOptionalMemberExpression()) {
    const name = memberName(bare.node);
    const object = originOf(bare.get('object') as NodePath, steps - 1);
    return name === null || object === null ? null : member(object, name);
  }
  const module = loadedModule(bare);
  return module === null ? null : { module, names: [] };
}

/** Without what changes only the type or the time: `x as T`, `x!`, `(x)`, `await x`. */
export function unwrap(path: NodePath): NodePath {
  let bare = path;
  while (
    bare.isTSAsExpression() ||
    bare.isTSNonNullExpression() ||
    bare.isTSSatisfiesExpression() ||
    bare.isTSTypeAssertion() ||
    bare.isParenthesizedExpression() ||
    bare.isAwaitExpression()
  ) {
    bare = bare.isAwaitExpression()
      ? (bare.get('argument') as NodePath)
      : (bare.get('expression') as NodePath);
  }
  return bare;
}

/** `name` of `a.name`, `a['name']` and `a.#name`; null: it is computed. */
export function memberName(node: t.MemberExpression | t.OptionalMemberExpression): string | null {
  const { property } = node;
  if (property.type === 'PrivateName') return `#${property.id.name}`;
  if (property.type === 'StringLiteral') return property.value;
  return !node.computed && property.type === 'Identifier' ? property.name : null;
}

/** Of a key in an object, a class or a pattern; null: it is computed. */
export function keyName(node: { readonly key: t.Node; readonly computed?: boolean | null }): string | null {
  const { key } = node;
  if (key.type === 'PrivateName') return `#${key.id.name}`;
  if (key.type === 'StringLiteral') return key.value;
  return node.computed !== true && key.type === 'Identifier' ? key.name : null;
}

/** `x` of `require('x')` and `import('x')`. */
export function loadedModule(path: NodePath): string | null {
  if (path.isImportExpression()) return literal(path.node.source);
  if (!path.isCallExpression()) return null;
  const { callee, arguments: args } = path.node;
  const isRequire =
    callee.type === 'Identifier' && callee.name === 'require' && !path.scope.hasBinding('require');
  return isRequire ? literal(args[0]) : null;
}

function literal(node: t.Node | undefined): string | null {
  return node?.type === 'StringLiteral' ? withoutScheme(node.value) : null;
}

function withoutScheme(module: string): string {
  return module.startsWith('node:') ? module.slice('node:'.length) : module;
}

function originOfName(path: NodePath<t.Identifier>, steps: number): Origin | null {
  const { name } = path.node;
  const binding = path.scope.getBinding(name);
  if (binding === undefined) return { module: null, names: [name] };
  const declared = binding.path;
  if (declared.isImportSpecifier() || declared.isImportDefaultSpecifier()) {
    return member(importOf(declared), importedName(declared));
  }
  if (declared.isImportNamespaceSpecifier()) return importOf(declared);
  if (!declared.isVariableDeclarator() || !declared.node.init) return null;
  const init = originOf(declared.get('init') as NodePath, steps);
  const keys = patternKeys(declared.node.id, name);
  return init === null || keys === null ? null : keys.reduce(member, init);
}

function importOf(path: NodePath): Origin {
  const parent = path.parent as t.ImportDeclaration;
  return { module: withoutScheme(parent.source.value), names: [] };
}

function importedName(path: NodePath<t.ImportSpecifier> | NodePath<t.ImportDefaultSpecifier>): string {
  if (path.isImportDefaultSpecifier()) return 'default';
  const { imported } = path.node as t.ImportSpecifier;
  return imported.type === 'Identifier' ? imported.name : imported.value;
}

function member(origin: Origin, name: string): Origin {
  if (name === 'default' && origin.names.length === 0) return origin;
  return { module: origin.module, names: [...origin.names, name] };
}

/** The keys that lead to a name in `const { a: { b: name } } = …`; [] where the pattern is the name; null: elsewhere. */
function patternKeys(pattern: t.Node, name: string): readonly string[] | null {
  if (pattern.type === 'Identifier') return pattern.name === name ? [] : null;
  if (pattern.type === 'AssignmentPattern') return patternKeys(pattern.left, name);
  if (pattern.type !== 'ObjectPattern') return null;
  for (const property of pattern.properties) {
    if (property.type !== 'ObjectProperty') continue;
    const key = keyName(property);
    const inner = key === null ? null : patternKeys(property.value, name);
    if (key !== null && inner !== null) return [key, ...inner];
  }
  return null;
}
