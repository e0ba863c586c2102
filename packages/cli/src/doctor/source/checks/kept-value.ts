import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';
import { memberName, unwrap } from '../origins.ts';

/**
 * Whether what is made here is made once and kept: it is set to something that outlives the function, and only where that is
 * not there yet (`pool ??= new Pool()`, `if (!pool) pool = …`, `if (!pools.has(key)) pools.set(key, …)`).
 */
export function isKept(made: NodePath): boolean {
  const value = outermost(made);
  const target = targetOf(value);
  if (target === null) return false;
  if (target.isConditional) return true;
  if (target.name === null) return false;
  if (target.outlives) return isAskedFor(value, target);
  const stored = storedIn(value, target.name);
  return stored !== null && (isGuarded(value, target.name) || isAskedFor(value, stored));
}

/** A variable by a condition, a collection by any look into it. */
function isAskedFor(value: NodePath, { name, isCollection }: Target): boolean {
  if (name === null) return false;
  return isCollection ? isLookedInto(value, name) : isGuarded(value, name);
}

interface Target {
  /** The name at its root, that a guard has to ask for: `pool`, `this.pool`, `pools`. */
  readonly name: string | null;
  readonly outlives: boolean;
  readonly isCollection: boolean;
  /** Set only where nothing is there, by the operator itself. */
  readonly isConditional: boolean;
}

/** `await x`, `x as T`, `a ?? x`: what goes on with the value. */
function outermost(path: NodePath): NodePath {
  let at = path;
  for (let parent = at.parentPath; parent !== null; parent = at.parentPath) {
    const passes =
      parent.isAwaitExpression() ||
      parent.isTSAsExpression() ||
      parent.isTSNonNullExpression() ||
      parent.isParenthesizedExpression() ||
      parent.isLogicalExpression() ||
      isChained(at, parent);
    if (!passes) return at;
    at = parent;
  }
  return at;
}

/** `createClient().on('error', f)` and `new MongoClient(url).connect()` give the client on, or a promise of it. */
function isChained(path: NodePath, parent: NodePath): boolean {
  return (
    (parent.isMemberExpression() && path.key === 'object') ||
    (parent.isCallExpression() && path.key === 'callee')
  );
}

function targetOf(value: NodePath): Target | null {
  const parent = value.parentPath;
  if (parent?.isAssignmentExpression()) return ofAssigned(parent, value);
  if (parent?.isVariableDeclarator()) {
    const { id } = parent.node;
    const name = id.type === 'Identifier' ? id.name : null;
    return { name, outlives: false, isCollection: false, isConditional: false };
  }
  if (parent?.isCallExpression() && value.listKey === 'arguments')
    return ofSet(parent.get('callee') as NodePath);
  return null;
}

/** `pools.set(key, value)` */
function ofSet(callee: NodePath): Target | null {
  if (!callee.isMemberExpression() || memberName(callee.node) !== 'set') return null;
  return { name: rootName(callee), outlives: outlives(callee), isCollection: true, isConditional: false };
}

function ofAssigned(assignment: NodePath<t.AssignmentExpression>, value: NodePath): Target {
  const { operator } = assignment.node;
  const left = assignment.get('left') as NodePath;
  const isOuter = outlives(left);
  const asksFirst = operator === '??=' || operator === '||=' || value.isLogicalExpression();
  const isCollection = left.isMemberExpression() && left.node.computed;
  return { name: rootName(left), outlives: isOuter, isCollection, isConditional: asksFirst && isOuter };
}

/** Whether it is of something that is there before the function, and after it. */
function outlives(path: NodePath): boolean {
  const root = rootOf(path);
  if (root.isThisExpression()) return true;
  if (!root.isIdentifier()) return false;
  const binding = root.scope.getBinding(root.node.name);
  if (binding === undefined) return true; // a global
  return binding.kind !== 'param' && binding.scope.getFunctionParent() !== root.scope.getFunctionParent();
}

function rootOf(path: NodePath): NodePath {
  let at = unwrap(path);
  while (at.isMemberExpression()) {
    const object = unwrap(at.get('object') as NodePath);
    at = object;
  }
  return at;
}

/** `pool`, or `this.pool`. */
function rootName(path: NodePath): string | null {
  const bare = unwrap(path);
  if (bare.isIdentifier()) return bare.node.name;
  if (!bare.isMemberExpression()) return null;
  const object = bare.get('object') as NodePath;
  if (unwrap(object).isThisExpression()) return `this.${memberName(bare.node) ?? ''}`;
  return rootName(object);
}

/** A condition of the same function, around the value or before it, asks for the name. */
function isGuarded(value: NodePath, name: string): boolean {
  const scope = value.getFunctionParent();
  if (scope === null) return false;
  let found = false;
  const look = (test: NodePath): void => {
    if (mentions(test, name)) found = true;
  };
  scope.traverse({
    IfStatement: path => look(path.get('test') as NodePath),
    ConditionalExpression: path => look(path.get('test') as NodePath),
    LogicalExpression: path => look(path.get('left') as NodePath),
  });
  return found;
}

function mentions(path: NodePath, name: string): boolean {
  const is = (at: NodePath): boolean =>
    (at.isIdentifier() || at.isMemberExpression()) && rootName(at) === name;
  if (is(path)) return true;
  let found = false;
  path.traverse({
    enter(at) {
      if (is(at)) found = true;
    },
  });
  return found;
}

const LOOKS: ReadonlySet<string> = new Set(['get', 'has']);

/** `clients.get(key)`, `clients.has(key)`, `clients[key]` in the same function. */
function isLookedInto(value: NodePath, name: string): boolean {
  let found = false;
  value.getFunctionParent()?.traverse({
    MemberExpression(path) {
      if (rootName(path) !== name || path.key === 'left') return;
      const isLook = path.node.computed || (path.key === 'callee' && LOOKS.has(memberName(path.node) ?? ''));
      if (isLook) found = true;
    },
  });
  return found;
}

/** What a local goes on into that outlives the function: `clients.set(key, client)`, `this.client = client`. */
function storedIn(value: NodePath, name: string): Target | null {
  for (const reference of value.scope.getBinding(name)?.referencePaths ?? []) {
    const target = targetOf(outermost(reference));
    if (target?.outlives === true) return target;
  }
  return null;
}
