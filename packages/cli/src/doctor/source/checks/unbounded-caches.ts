import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';
import type { SourceFault, SourceProgram } from '../check.ts';
import { fillsRegistry } from '../known/start-names.ts';
import { keyName, memberName, originOf, unwrap } from '../origins.ts';
import type { SourceModule } from '../parse-module.ts';
import { type StoreUse, useOfStore } from './store-uses.ts';

/** A Map, a Set, a list or an object that lives as long as the process. */
interface Store {
  /** Where it is declared. */
  readonly at: NodePath;
  readonly name: string;
  readonly isObject: boolean;
  readonly growsIn: string[];
  isBounded: boolean;
}

/** What grows with each event and has nothing that takes out again: in all files at once, since any of them may do that. */
export function findUnboundedCaches(
  modules: Iterable<SourceModule>,
  program: SourceProgram,
): ReadonlyMap<SourceModule, readonly SourceFault[]> {
  const list = [...modules];
  const stores = new Map<t.Node, Store>();
  const found = list.map(module => ({ module, own: findStores(module, program) }));
  for (const { own } of found) for (const [node, store] of own) stores.set(node, store);
  for (const module of list) recordUses(module, stores, program);
  return new Map(
    found.map(({ module, own }) => [
      module,
      [...own.values()].filter(store => !store.isBounded && store.growsIn.length > 0).map(faultOf),
    ]),
  );
}

function faultOf({ at, name, growsIn }: Store): SourceFault {
  const where = [...new Set(growsIn)].slice(0, 3).join(', ');
  return {
    id: 'source-unbounded-cache',
    at,
    what: `${name} grows with each event (in ${where}), and nothing takes out of it or bounds it`,
  };
}

function findStores(module: SourceModule, { runTimes }: SourceProgram): ReadonlyMap<t.Node, Store> {
  const stores = new Map<t.Node, Store>();
  for (const { value, at, name } of [...variablesOf(module), ...fieldsOf(module)]) {
    if (name === null || !isStore(value) || runTimes.isPerEvent(value)) continue;
    stores.set(value.node, { at, name, isObject: isObject(value), growsIn: [], isBounded: false });
  }
  return stores;
}

interface Declared {
  readonly value: NodePath;
  readonly at: NodePath;
  readonly name: string | null;
}

function variablesOf(module: SourceModule): readonly Declared[] {
  return module.all('VariableDeclarator').flatMap(path => {
    const { id, init } = path.node;
    if (!init || id.type !== 'Identifier') return [];
    const isReplaced = path.scope.getBinding(id.name)?.constant === false;
    return isReplaced || isGathered(path)
      ? []
      : [{ value: path.get('init') as NodePath, at: path, name: id.name }];
  });
}

/** Of classes: declared as fields, or set by the constructor. */
function fieldsOf(module: SourceModule): readonly Declared[] {
  const declared = [...module.all('ClassProperty'), ...module.all('ClassPrivateProperty')].flatMap(path => {
    const value = path.node.value ? (path.get('value') as NodePath) : null;
    return value === null ? [] : [{ value, at: path, name: keyName(path.node) }];
  });
  const set = module.all('AssignmentExpression').flatMap(path => {
    const { left } = path.node;
    const isField = left.type === 'MemberExpression' && left.object.type === 'ThisExpression';
    return isField && isInConstructor(path)
      ? [{ value: path.get('right'), at: path, name: memberName(left) }]
      : [];
  });
  return [...declared, ...set];
}

function isInConstructor(path: NodePath): boolean {
  const owner = path.getFunctionParent();
  return owner?.isClassMethod({ kind: 'constructor' }) === true;
}

const COLLECTIONS: ReadonlySet<string> = new Set(['Map', 'Set', 'Array']);

function isStore(value: NodePath): boolean {
  if (value.isTSAsExpression() || value.isTSSatisfiesExpression())
    return isStore(value.get('expression') as NodePath);
  if (value.isArrayExpression() || value.isObjectExpression()) return true;
  if (!value.isNewExpression() && !value.isCallExpression()) return false;
  const origin = originOf(value.get('callee') as NodePath);
  if (origin === null || origin.module !== null) return false;
  const name = origin.names.join('.');
  return value.isNewExpression() ? COLLECTIONS.has(name) : name === 'Object.create';
}

function isObject(value: NodePath): boolean {
  const bare = unwrap(value);
  return bare.isObjectExpression() || bare.isCallExpression();
}

/** Of a function that fills collections and returns one: they end with it. */
function isGathered(declarator: NodePath): boolean {
  const owner = declarator.getFunctionParent();
  if (owner === null) return false;
  let found = false;
  owner.traverse({
    Function: path => path.skip(),
    ReturnStatement(path) {
      const { argument } = path.node;
      const binding = argument?.type === 'Identifier' ? path.scope.getBinding(argument.name) : undefined;
      if (binding?.path.isVariableDeclarator() !== true || binding.scope.path.isProgram()) return;
      const init = binding.path.get('init');
      if (init.isExpression() && isStore(init)) found = true;
    },
  });
  return found;
}

function recordUses(module: SourceModule, stores: ReadonlyMap<t.Node, Store>, context: SourceProgram): void {
  const look = (path: NodePath): void => {
    const made = context.definitions.definitionOf(path);
    const store = made === null ? undefined : (stores.get(made.node) ?? stores.get(made.parent));
    if (store === undefined || made?.node === path.node) return;
    apply(store, useOfStore(path, store.isObject), { path, context });
  };
  for (const path of module.all('Identifier')) if (path.isReferencedIdentifier()) look(path);
  for (const path of module.all('MemberExpression')) look(path);
  for (const path of module.all('OptionalMemberExpression')) look(path);
}

function apply(
  store: Store,
  use: StoreUse,
  { path, context }: { readonly path: NodePath; readonly context: SourceProgram },
): void {
  if (use === 'bounds') store.isBounded = true;
  if (use !== 'grows' || !context.runTimes.isPerEvent(path)) return;
  const name = context.runTimes.functionName(path);
  if (name !== null && fillsRegistry(name)) return;
  store.growsIn.push(name === null ? `line ${path.node.loc?.start.line ?? '?'}` : `${name}()`);
}
