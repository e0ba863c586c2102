import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';
import type { Definitions } from './definitions.ts';
import {
  chainGivesPromise,
  contextGivesPromise,
  givesPromise,
  methodGivesPromise,
} from './known/promises.ts';
import type { SourceModule } from './parse-module.ts';
import { memberName, type Origin, originOf, unwrap } from './origins.ts';

export type AnyCall = NodePath<t.CallExpression> | NodePath<t.OptionalCallExpression>;

export function callsOf(module: SourceModule): readonly AnyCall[] {
  return [...module.all('CallExpression'), ...module.all('OptionalCallExpression')];
}

export function isCall(path: NodePath): path is AnyCall {
  return path.isCallExpression() || path.isOptionalCallExpression();
}

/** Whether a call gives a promise, as far as that is known without types: by a function of one's own, or by a well-known name. */
export function givesPromiseCall(call: AnyCall, definitions: Definitions): boolean {
  const callee = unwrap(call.get('callee') as NodePath);
  if (callsAsync(call, definitions)) return true;
  if (takesCallback(call)) return false;
  const origin = originOf(callee);
  if (origin !== null && givesPromise(origin)) return true;
  if (!callee.isMemberExpression() && !callee.isOptionalMemberExpression()) return false;
  if (definitions.definitionOf(callee)?.isFunction() === true) return false; // one's own, and not async
  return knownMethod(callee, definitions);
}

/** Whether it calls an async function of these files, or one that says that it returns a Promise. */
export function callsAsync(call: AnyCall, definitions: Definitions): boolean {
  const called = definitions.definitionOf(call.get('callee') as NodePath);
  return called?.isFunction() === true && isAsync(called);
}

export function isAsync({ node }: NodePath<t.Function>): boolean {
  if (node.generator === true) return false;
  if (node.async === true) return true;
  const annotation = node.returnType;
  if (annotation?.type !== 'TSTypeAnnotation') return false;
  const { typeAnnotation: type } = annotation;
  return (
    type.type === 'TSTypeReference' && type.typeName.type === 'Identifier' && type.typeName.name === 'Promise'
  );
}

/** With a callback these methods give no promise. */
function takesCallback(call: AnyCall): boolean {
  const last = call.node.arguments.at(-1);
  return last?.type === 'ArrowFunctionExpression' || last?.type === 'FunctionExpression'
    ? !isOnceCall(call)
    : false;
}

/** But the function of `ctx.once(key, fn)` is its work. */
function isOnceCall({ node: { callee } }: AnyCall): boolean {
  return (
    callee.type === 'MemberExpression' &&
    ['once', 'monitored', 'begin', '$transaction'].includes(memberName(callee) ?? '')
  );
}

type AnyMember = NodePath<t.MemberExpression> | NodePath<t.OptionalMemberExpression>;

function knownMethod(callee: AnyMember, definitions: Definitions): boolean {
  const method = memberName(callee.node);
  if (method === null) return false;
  const maker = makerOf(callee.get('object') as NodePath, definitions);
  if (maker !== null && methodGivesPromise(maker, method)) return true;
  const { names, root } = chainOf(callee);
  return chainGivesPromise(names) || (isContext(root) && contextGivesPromise(names));
}

/** What made an object, or the one that it is of: `new OpenAI()` for `openai.chat.completions`. */
function makerOf(object: NodePath, definitions: Definitions): Origin | null {
  const bare = unwrap(object);
  const made = definitions.definitionOf(bare);
  if (made?.isNewExpression() === true || made?.isCallExpression() === true) {
    return originOf(made.get('callee') as NodePath);
  }
  if (!bare.isMemberExpression() && !bare.isOptionalMemberExpression()) return null;
  return makerOf(bare.get('object') as NodePath, definitions);
}

/** `this.bot.api.send` has the names bot, api and send; what stands before a call of something else is left out. */
function chainOf(member: AnyMember): { readonly names: readonly string[]; readonly root: NodePath } {
  const names: string[] = [];
  let at: NodePath = member;
  while (at.isMemberExpression() || at.isOptionalMemberExpression()) {
    names.unshift(memberName(at.node) ?? '?');
    at = unwrap(at.get('object') as NodePath);
  }
  if (at.isIdentifier()) names.unshift(at.node.name);
  return { names, root: at };
}

/** The context of a handler: a parameter of that name. */
function isContext(root: NodePath): boolean {
  if (!root.isIdentifier() || !/^(?:ctx|context|c)$/.test(root.node.name)) return false;
  return root.scope.getBinding(root.node.name)?.kind === 'param';
}
