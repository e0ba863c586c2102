import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';
import { calleeName } from '../known/callbacks.ts';
import { clientName } from '../known/clients.ts';
import { memberName, originOf, unwrap } from '../origins.ts';

/** What a place does with a collection: adds to it, takes out of it (or may do), or only reads. */
export type StoreUse = 'grows' | 'bounds' | 'reads';

const TAKES_OUT: ReadonlySet<string> = new Set([
  'delete',
  'clear',
  'shift',
  'pop',
  'splice',
  'fill',
  'copyWithin',
]);
const ADDS: ReadonlySet<string> = new Set(['set', 'add', 'push', 'unshift']);
const KEYED: ReadonlySet<string> = new Set(['set', 'add']);

/** `path` stands for the collection, or for an object that is one: its methods are its own then. */
export function useOfStore(path: NodePath, isObject: boolean): StoreUse {
  const parent = path.parentPath;
  if (parent === null) return 'reads';
  if (path.key === 'object' && (parent.isMemberExpression() || parent.isOptionalMemberExpression())) {
    return useOfMember(parent, isObject);
  }
  if (parent.isAssignmentExpression() && path.key === 'left') {
    return path.getFunctionParent()?.isClassMethod({ kind: 'constructor' }) === true ? 'reads' : 'bounds';
  }
  if (path.listKey === 'arguments') return useAsArgument(path, parent as Call);
  const isHandedOn = parent.isObjectProperty() || parent.isArrayExpression();
  return isHandedOn ? 'bounds' : 'reads';
}

type Call = NodePath<t.CallExpression> | NodePath<t.NewExpression>;

function useOfMember(
  member: NodePath<t.MemberExpression> | NodePath<t.OptionalMemberExpression>,
  isObject: boolean,
): StoreUse {
  const name = memberName(member.node);
  const parent = member.parentPath;
  if (isCallee(member)) {
    return name === null || isObject ? 'reads' : useOfMethod(name, parent as NodePath<t.CallExpression>);
  }
  if (parent.isUnaryExpression({ operator: 'delete' })) return 'bounds';
  if (name === 'size' || name === 'length') return useOfSize(member);
  const isWritten = member.node.computed && (isLeft(member) || parent.isUpdateExpression());
  return isWritten && !isBoundedKey(member.get('property') as NodePath) ? 'grows' : 'reads';
}

function isCallee(path: NodePath): boolean {
  const parent = path.parentPath;
  return (
    path.key === 'callee' &&
    (parent?.isCallExpression() === true || parent?.isOptionalCallExpression() === true)
  );
}

function isLeft(path: NodePath): boolean {
  return path.key === 'left' && path.parentPath?.isAssignmentExpression() === true;
}

function useOfMethod(name: string, call: NodePath<t.CallExpression>): StoreUse {
  if (TAKES_OUT.has(name)) return 'bounds';
  if (!ADDS.has(name)) return 'reads';
  const args = call.get('arguments') as NodePath[];
  const key = args[0];
  if (key !== undefined && KEYED.has(name) && isBoundedKey(key)) return 'reads';
  return args.some(isOfFewKinds) ? 'reads' : 'grows';
}

/** What a program has a few of, whatever comes in: its own functions, and clients by tenant. */
const REGISTERED =
  /^(?:fn|cb|func|(?:\w*(?:callback|handler|listener|middleware|plugin|hook|subscriber|observer|resolver|client|pool|connection)))$/i;

function isOfFewKinds(value: NodePath): boolean {
  if (value.isFunction()) return true;
  if (value.isIdentifier()) {
    const declared = value.scope.getBinding(value.node.name)?.path;
    const isMade = declared?.isVariableDeclarator() === true && declared.get('init').isExpression();
    return REGISTERED.test(value.node.name) || (isMade && isMadeClient(declared.get('init') as NodePath));
  }
  return isMadeClient(value);
}

function isMadeClient(made: NodePath): boolean {
  const value = unwrap(made);
  if (!value.isNewExpression() && !value.isCallExpression()) return false;
  const origin = originOf(value.get('callee') as NodePath);
  return origin !== null && clientName(origin, value.isNewExpression()) !== null;
}

/** A comparison with a number other than 0 is a bound that somebody thought of; the end of a loop is none. */
function useOfSize(size: NodePath): StoreUse {
  const parent = size.parentPath;
  if (parent?.isAssignmentExpression() === true) return 'bounds';
  if (parent?.isBinaryExpression() !== true || !/^(?:[<>]=?|[!=]==?|%)$/.test(parent.node.operator))
    return 'reads';
  if (parent.key === 'test' && parent.parentPath?.isForStatement() === true) return 'reads';
  const other = size.key === 'left' ? parent.node.right : parent.node.left;
  return other.type === 'NumericLiteral' && other.value === 0 ? 'reads' : 'bounds';
}

const READERS =
  /^(?:stringify|log|info|warn|error|debug|trace|json|send|keys|values|entries|from|fromEntries|freeze|isArray|has|all|allSettled|max|min|structuredClone|String|Boolean|inspect|reply|end)$/;

function useAsArgument(path: NodePath, call: Call): StoreUse {
  const name = calleeName(call.node.callee) ?? '';
  if (call.isNewExpression()) return /^(?:Map|Set|Array)$/.test(name) ? 'reads' : 'bounds';
  if (name === 'assign') return path.key === 0 ? 'grows' : 'reads';
  if (name === 'keys' || name === 'values' || name === 'entries') return useOfListed(call);
  return READERS.test(name) ? 'reads' : 'bounds';
}

/** `Object.keys(store).length > 1000` */
function useOfListed(call: Call): StoreUse {
  const parent = call.parentPath;
  return parent?.isMemberExpression() === true && memberName(parent.node) === 'length'
    ? useOfSize(parent)
    : 'reads';
}

/** A key that has few values: a constant, a remainder, one of a fixed list. */
function isBoundedKey(key: NodePath): boolean {
  if (key.isStringLiteral() || key.isNumericLiteral()) return true;
  if (key.isTemplateLiteral()) return key.get('expressions').every(part => isBoundedKey(part as NodePath));
  if (key.isBinaryExpression()) return key.node.operator === '%' || key.node.operator === '&';
  if (key.isMemberExpression()) return isConstantMember(key.node);
  return key.isIdentifier() && isBoundedName(key);
}

function isBoundedName(key: NodePath<t.Identifier>): boolean {
  const binding = key.scope.getBinding(key.node.name);
  const declared = binding?.path;
  if (binding === undefined || declared?.isVariableDeclarator() !== true) return false;
  if (declared.node.init) return binding.constant && isBoundedKey(declared.get('init') as NodePath);
  const loop = declared.parentPath?.parentPath;
  return loop?.isForOfStatement() === true && isFixedList(loop.get('right'));
}

/** `Status.Open`: of an enum, or an object of constants. */
function isConstantMember({ object, computed }: t.MemberExpression): boolean {
  return !computed && object.type === 'Identifier' && /^[A-Z]/.test(object.name);
}

function isFixedList(list: NodePath): boolean {
  if (list.isArrayExpression()) return true;
  if (!list.isIdentifier()) return false;
  const binding = list.scope.getBinding(list.node.name);
  return binding?.path.isVariableDeclarator() === true && binding.scope.path.isProgram() && binding.constant;
}
