import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';
import { type Definitions, exportTarget } from './definitions.ts';
import { callbackTime } from './known/callbacks.ts';
import { isStartName } from './known/start-names.ts';
import { words } from './known/words.ts';
import { keyName, unwrap } from './origins.ts';
import type { SourceModule } from './parse-module.ts';

/**
 * What runs for each event, and what once when a process starts: a blocking call is a fault in the one and none in the other.
 *
 * RT1. The top of a file runs once, with all that it calls. A function that was handed to something else (a bot, a server, a
 *      timer) runs whenever something happens.
 * RT2. A function that one of those calls runs as often. So does a class's beginning where it is made, in whichever file.
 * RT3. Where nobody is found who calls it, an exported function and a public method run for each event, but for those with a
 *      name of the start or the end, and those that make functions. What is neither runs never.
 */
export interface RunTimes {
  /** Whether this place of the source is passed for each event. */
  isPerEvent(path: NodePath): boolean;
  /** The function that it is in, for people; null: it has no name. */
  functionName(path: NodePath): string | null;
}

/** A function, or a class: then what runs when one is made. */
type Runs = NodePath<t.Function> | NodePath<t.Class>;

interface Running {
  readonly path: Runs;
  readonly name: string | null;
  /** Where it is called from; null: the top of a file. */
  readonly callers: Set<t.Node | null>;
  /** A seed (RT1). */
  isEvent: boolean;
  isExported: boolean;
  /** Somebody is known who uses it, one way or another. */
  isUsed: boolean;
}

export function findRunTimes(modules: Iterable<SourceModule>, definitions: Definitions): RunTimes {
  const all = new Map<t.Node, Running>();
  const list = [...modules];
  for (const module of list) for (const path of runsOf(module)) all.set(path.node, newRunning(path));
  for (const module of list) recordUses(module, { all, definitions });
  for (const running of all.values()) running.isEvent ||= isEventByDefault(running);
  const perEvent = spread(all);

  return {
    isPerEvent: path => perEvent.has(ownerOf(path)?.node as t.Node),
    functionName: path => nameAround(path, all),
  };
}

function newRunning(path: Runs): Running {
  return {
    path,
    name: nameOf(path),
    callers: new Set(),
    isEvent: false,
    isExported: false,
    isUsed: false,
  };
}

interface Recording {
  readonly all: ReadonlyMap<t.Node, Running>;
  readonly definitions: Definitions;
}

function runsOf(module: SourceModule): readonly Runs[] {
  return [
    ...module.all('FunctionDeclaration'),
    ...module.all('FunctionExpression'),
    ...module.all('ArrowFunctionExpression'),
    ...module.all('ObjectMethod'),
    ...module.all('ClassMethod'),
    ...module.all('ClassPrivateMethod'),
    ...module.all('ClassDeclaration'),
    ...module.all('ClassExpression'),
  ];
}

/** Where something is declared, only what refers to it counts; a function that stands as a value says itself what becomes of it. */
function recordUses(module: SourceModule, recording: Recording): void {
  for (const path of runsOf(module)) {
    if (path.isFunctionDeclaration() || path.isClass()) recordDeclaration(path, recording);
    else recordValue(path, recording);
  }
  for (const path of module.all('Identifier'))
    if (path.isReferencedIdentifier()) recordValue(path, recording);
  for (const path of module.all('MemberExpression')) recordValue(path, recording);
  for (const path of module.all('OptionalMemberExpression')) recordValue(path, recording);
  for (const path of module.all('ExportSpecifier')) recordValue(path.get('local'), recording);
}

function recordDeclaration(path: NodePath, { all }: Recording): void {
  const running = all.get(path.node);
  if (running === undefined) return;
  const { parentPath } = path;
  if (parentPath?.isExportNamedDeclaration() || parentPath?.isExportDefaultDeclaration())
    running.isExported = true;
}

/** What becomes of a function, or of something that names one, at the place where it stands. */
function recordValue(path: NodePath, recording: Recording): void {
  const { all, definitions } = recording;
  const target = all.has(path.node) ? path.node : definitions.definitionOf(path)?.node;
  const running = target === undefined ? undefined : all.get(target);
  if (running === undefined) return;
  const use = useAt(path);
  if (use === 'exported') running.isExported = true;
  if (use === 'exported' || use === 'none') return;
  running.isUsed = true;
  if (use === 'event') running.isEvent = true;
  if (use === 'with-caller') recordCall(path, running, recording);
}

function recordCall(path: NodePath, { path: called, callers }: Running, { all }: Recording): void {
  callers.add(ownerOf(path)?.node ?? null);
  const constructor = called.isClass() ? constructorOf(called) : null;
  if (constructor !== null) all.get(constructor)?.callers.add(called.node);
}

function constructorOf(path: NodePath<t.Class>): t.Node | null {
  return (
    path.node.body.body.find(member => member.type === 'ClassMethod' && member.kind === 'constructor') ?? null
  );
}

type Use = 'none' | 'exported' | 'once' | 'event' | 'with-caller';

function useAt(path: NodePath): Use {
  const parent = path.parentPath;
  if (parent === null || isType(parent)) return 'none';
  if (CALLS.has(parent.type)) return useOfCalled(path, parent as NodePath<t.CallExpression>);
  if (isBinding(path, parent)) return useAt(parent.parentPath as NodePath);
  if (passesOn(path, parent)) return useAt(parent);
  if (parent.isAssignmentExpression()) return path.key === 'right' ? useOfAssigned(parent) : 'none';
  if (parent.isObjectProperty()) return path.key === 'value' ? useOfKey(parent) : 'none';
  return useOfDeclared(path, parent);
}

const CALLS = words('CallExpression OptionalCallExpression NewExpression');

function useOfCalled(path: NodePath, call: NodePath<t.CallExpression>): Use {
  if (path.key === 'callee') return 'with-caller';
  return path.listKey === 'arguments' ? callbackTime(call) : 'none';
}

/** Where nobody gets it: members are looked at as a whole. */
const NOWHERE = words(`
  ClassBody ClassProperty ClassPrivateProperty MemberExpression OptionalMemberExpression ExpressionStatement UnaryExpression
  BinaryExpression ExportNamedDeclaration
`);

/** The places that say whose it is from then on, or that nobody calls it there. */
function useOfDeclared(path: NodePath, parent: NodePath): Use {
  if (path.isObjectMethod()) return useOfKey(path);
  if (parent.isExportDefaultDeclaration() || parent.isExportSpecifier()) return 'exported';
  if (parent.isVariableDeclarator()) {
    return parent.parentPath?.parentPath?.isExportNamedDeclaration() === true ? 'exported' : 'none';
  }
  return NOWHERE.has(parent.type) || path.key === 'superClass' ? 'none' : 'event';
}

/** `f.bind(this)` is f. */
function isBinding(path: NodePath, parent: NodePath): boolean {
  if (path.key !== 'object' || !parent.isMemberExpression()) return false;
  const { property } = parent.node;
  return property.type === 'Identifier' && property.name === 'bind' && parent.key === 'callee';
}

/** Where a value goes through: `a ?? f`, `on ? f : g`, `f as T`. */
function passesOn(path: NodePath, parent: NodePath): boolean {
  if (parent.isConditionalExpression()) return path.key !== 'test';
  return (
    parent.isLogicalExpression() ||
    parent.isTSAsExpression() ||
    parent.isTSNonNullExpression() ||
    parent.isTSSatisfiesExpression() ||
    parent.isParenthesizedExpression()
  );
}

function isType(path: NodePath): boolean {
  return path.isTSType() || path.isTSTypeQuery() || path.isTSEntityName();
}

function useOfAssigned(assignment: NodePath<t.AssignmentExpression>): Use {
  const { left } = assignment.node;
  if (exportTarget(left) !== null) return 'exported';
  const name = left.type === 'MemberExpression' && !left.computed ? keyName({ key: left.property }) : null;
  return name !== null && isStartName(name) ? 'once' : 'event';
}

function useOfKey(property: NodePath<t.ObjectProperty> | NodePath<t.ObjectMethod>): Use {
  const object = property.parentPath;
  if (property.isObjectProperty() && object?.isObjectPattern()) return 'none';
  const assigned = object?.parentPath;
  if (assigned?.isAssignmentExpression() && exportTarget(assigned.node.left) !== null) return 'exported';
  const name = keyName(property.node);
  return name !== null && isStartName(name) ? 'once' : 'event';
}

/** (RT3) */
function isEventByDefault({ path, name, isExported, isUsed }: Running): boolean {
  if (isUsed || path.isClass()) return false;
  const isStart = name !== null && isStartName(name);
  if (path.isClassMethod()) return path.node.accessibility !== 'private' && !isStart;
  if (path.parentPath.isClassProperty()) return path.parentPath.node.accessibility !== 'private' && !isStart;
  return isExported && !isStart && !makesFunctions(path);
}

/** It returns a function, or an object that has some: what is made once, to be called often. */
function makesFunctions(path: NodePath<t.Function>): boolean {
  const body = path.get('body') as NodePath;
  if (!body.isBlockStatement()) return isOfFunctions(unwrap(body));
  return body.get('body').some(statement => {
    const value = statement.isReturnStatement() ? statement.get('argument') : null;
    return value?.node != null && isOfFunctions(unwrap(value as NodePath));
  });
}

function isOfFunctions(value: NodePath): boolean {
  if (value.isFunction()) return true;
  if (!value.isObjectExpression()) return false;
  return value.get('properties').some(property => {
    if (property.isObjectMethod()) return true;
    return property.isObjectProperty() && (property.get('value') as NodePath).isFunction();
  });
}

/** (RT2) */
function spread(all: ReadonlyMap<t.Node, Running>): ReadonlySet<t.Node> {
  const callees = new Map<t.Node, t.Node[]>();
  for (const [node, { callers }] of all) {
    for (const caller of callers) {
      if (caller === null) continue;
      const known = callees.get(caller);
      if (known === undefined) callees.set(caller, [node]);
      else known.push(node);
    }
  }
  const perEvent = new Set<t.Node>();
  const todo = [...all].flatMap(([node, { isEvent }]) => (isEvent ? [node] : []));
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    if (perEvent.has(node)) continue;
    perEvent.add(node);
    todo.push(...(callees.get(node) ?? []));
  }
  return perEvent;
}

/** The function that a place runs with: a field of a class with the making of one; null: the top of the file. */
function ownerOf(path: NodePath): NodePath | null {
  let child: NodePath = path;
  for (let at = path.parentPath; at !== null; child = at, at = at.parentPath) {
    if (at.isFunction()) return child.key === 'key' || child.key === 'decorators' ? ownerOf(at) : at;
    const isField = (at.isClassProperty() || at.isClassPrivateProperty()) && !at.node.static;
    if (isField && child.key === 'value') return at.parentPath?.parentPath ?? null;
  }
  return null;
}

function nameAround(path: NodePath, all: ReadonlyMap<t.Node, Running>): string | null {
  for (let at = ownerOf(path); at !== null; at = ownerOf(at)) {
    const name = all.get(at.node)?.name ?? null;
    if (name !== null) return name;
  }
  return null;
}

function nameOf(path: Runs): string | null {
  const { node, parent } = path;
  if ('key' in node) return keyName(node);
  if ('id' in node && node.id) return node.id.name;
  if (parent.type === 'VariableDeclarator' && parent.id.type === 'Identifier') return parent.id.name;
  if (
    parent.type === 'ObjectProperty' ||
    parent.type === 'ClassProperty' ||
    parent.type === 'ClassPrivateProperty'
  ) {
    return keyName(parent);
  }
  if (parent.type === 'AssignmentExpression' && parent.left.type === 'MemberExpression') {
    return keyName({ key: parent.left.property, computed: parent.left.computed });
  }
  return null;
}
