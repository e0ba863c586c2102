import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';
import type { SourceCheck, SourceFault, SourceProgram } from '../check.ts';
import { calleeName } from '../known/callbacks.ts';
import { unwrap } from '../origins.ts';
import type { SourceModule } from '../parse-module.ts';
import { type AnyCall, callsAsync, givesPromiseCall, isAsync, isCall } from '../promise-calls.ts';

/** Promises that nobody waits for, in what runs for each event: their errors are lost, and the event counts as done before it is. */
export const findMissingAwaits: SourceCheck = (module, program) => {
  const faults: SourceFault[] = [];
  const add = (at: NodePath, what: string | null): void => {
    if (what === null || !program.runTimes.isPerEvent(at)) return;
    faults.push({ id: 'source-missing-await', at, what });
  };
  const test = (path: NodePath): void => {
    // The left side of each is looked at where it stands.
    if (path.isLogicalExpression()) test(path.get('right'));
    else add(path, describeTest(path, program));
  };
  for (const path of module.all('ExpressionStatement')) {
    for (const dropped of valuesOf(path.get('expression'))) add(dropped, describeDropped(dropped, program));
  }
  for (const path of module.all('VariableDeclarator')) add(path, describeUnused(path, program));
  for (const path of module.all('CallExpression')) add(path, describeCallback(path, program));
  for (const path of testsOf(module)) test(path);
  return faults;
};

/** What decides by being true or false. */
function testsOf(module: SourceModule): readonly NodePath[] {
  return [
    ...module.all('IfStatement').map(path => path.get('test')),
    ...module.all('ConditionalExpression').map(path => path.get('test')),
    ...module.all('WhileStatement').map(path => path.get('test')),
    ...module
      .all('UnaryExpression')
      .flatMap(path => (path.node.operator === '!' ? [path.get('argument')] : [])),
    ...module
      .all('LogicalExpression')
      .flatMap(path => (path.node.operator === '??' ? [] : [path.get('left')])),
  ];
}

/** What an expression that stands alone may leave: `a && f()`, `on ? f() : g()`. */
function valuesOf(path: NodePath): readonly NodePath[] {
  const bare = path.isAwaitExpression() ? path : unwrapped(path);
  if (bare.isLogicalExpression()) return valuesOf(bare.get('right'));
  if (bare.isConditionalExpression()) {
    return [...valuesOf(bare.get('consequent')), ...valuesOf(bare.get('alternate'))];
  }
  if (bare.isSequenceExpression()) return bare.get('expressions').flatMap(valuesOf);
  return [bare];
}

/** Types only: an await is what is looked for. */
function unwrapped(path: NodePath): NodePath {
  return path.isAwaitExpression() || path.isUnaryExpression() ? path : unwrap(path);
}

function describeDropped(path: NodePath, { definitions }: SourceProgram): string | null {
  if (!isCall(path)) return null;
  const chained = chainedOn(path);
  if (chained !== null) return describeChain(path, chained, definitions);
  if (!givesPromiseCall(path, definitions)) return null;
  return `nobody waits for ${nameOf(path)}: an error of it is lost, and the event counts as done before it is`;
}

/** The call whose promise `.then(…)`, `.catch(…)` or `.finally(…)` is of. */
function chainedOn(path: AnyCall): NodePath | null {
  const callee = path.get('callee') as NodePath;
  if (!callee.isMemberExpression() && !callee.isOptionalMemberExpression()) return null;
  const name = calleeName(callee.node);
  return name === 'then' || name === 'catch' || name === 'finally'
    ? (callee.get('object') as NodePath)
    : null;
}

/** A chain that has a handler for errors somewhere is meant so. */
function describeChain(
  path: AnyCall,
  object: NodePath,
  definitions: SourceProgram['definitions'],
): string | null {
  let at: NodePath = path;
  for (let next: NodePath | null = object; next !== null; ) {
    if (isCall(at) && handlesErrors(at)) return null;
    at = unwrap(next);
    next = isCall(at) ? chainedOn(at) : null;
  }
  if (!isCall(at)) return null;
  const hasThen = calleeName(path.node.callee) === 'then';
  if (!hasThen && !givesPromiseCall(at, definitions)) return null;
  return `nobody waits for ${nameOf(at)} and what follows it, and no catch hears of an error`;
}

function handlesErrors({ node: { callee, arguments: args } }: AnyCall): boolean {
  const name = calleeName(callee);
  return (name === 'catch' && args.length > 0) || (name === 'then' && args.length > 1);
}

/** `const sent = f()` that nothing reads. */
function describeUnused(path: NodePath<t.VariableDeclarator>, { definitions }: SourceProgram): string | null {
  const { id, init } = path.node;
  if (id.type !== 'Identifier' || !init) return null;
  const call = path.get('init') as NodePath;
  if (!isCall(call) || chainedOn(call) !== null || path.scope.getBinding(id.name)?.referenced !== false)
    return null;
  if (path.parentPath.parentPath?.isExportNamedDeclaration() === true) return null;
  return givesPromiseCall(call, definitions) ? `${id.name} is a promise that nobody waits for` : null;
}

/** `items.forEach(async …)`, and what decides by a promise: `items.filter(async …)`. */
const DROPS: ReadonlySet<string> = new Set(['forEach']);
const DECIDES: ReadonlySet<string> = new Set(['filter', 'some', 'every', 'find', 'findIndex', 'findLast']);
const MAPS: ReadonlySet<string> = new Set(['map', 'flatMap']);

function describeCallback(path: NodePath<t.CallExpression>, { definitions }: SourceProgram): string | null {
  const name = path.node.callee.type === 'MemberExpression' ? calleeName(path.node.callee) : null;
  if (name === null) return null;
  const [given] = path.get('arguments');
  if (given === undefined || !givesPromises(given, definitions)) return null;
  if (DROPS.has(name)) return `${name} drops the promises of its function: nobody waits for them`;
  if (DECIDES.has(name)) return `${name} decides by promises, and a promise counts as true`;
  const isDropped = MAPS.has(name) && path.parentPath.isExpressionStatement();
  return isDropped ? `nobody waits for the promises that ${name} makes` : null;
}

/** A function that is async, or one whose value is a promise's call: `chat => send(chat)`. */
function givesPromises(path: NodePath, definitions: SourceProgram['definitions']): boolean {
  const called = path.isFunction() ? path : definitions.definitionOf(path);
  if (called?.isFunction() !== true) return false;
  if (isAsync(called)) return true;
  const body = called.get('body') as NodePath;
  return isCall(body) && chainedOn(body) === null && givesPromiseCall(body, definitions);
}

/** A promise in place of its value: always true. Only functions of one's own are known well enough. */
function describeTest(path: NodePath, { definitions }: SourceProgram): string | null {
  if (!isCall(path) || !callsAsync(path, definitions)) return null;
  return `${nameOf(path)} gives a promise, which counts as true whatever comes of it`;
}

/** `this.api.send()`, as it is written. */
function nameOf({ node: { callee } }: AnyCall): string {
  const parts: string[] = [];
  let at: t.Node = callee;
  while (at.type === 'MemberExpression' || at.type === 'OptionalMemberExpression') {
    parts.unshift(calleeName(at) ?? '…');
    at = at.object;
  }
  if (at.type === 'Identifier') parts.unshift(at.name);
  else if (at.type === 'ThisExpression') parts.unshift('this');
  else parts.unshift('…');
  return `${parts.join('.')}()`;
}
