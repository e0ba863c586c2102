import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';
import { memberName, unwrap } from '../origins.ts';
import { words } from './words.ts';

/**
 * When a function runs that is given to another one: with the caller (`items.map(f)`), once in the life of the process
 * (`server.listen(port, f)`), or whenever something happens (`bot.on('message', f)`).
 */
export type CallbackTime = 'with-caller' | 'once' | 'event';

const WITH_CALLER = words(`
  map forEach filter reduce reduceRight some every find findIndex findLast findLastIndex flatMap sort toSorted from fromEntries
  fromAsync groupBy replace replaceAll then catch finally nextTick queueMicrotask setImmediate setTimeout all allSettled race
  stringify parse apply call
`);
const ONCE = words(`
  listen launch whenReady ready register lazy memoize memo singleton
  describe suite it test before after beforeEach afterEach beforeAll afterAll
`);
const START_EVENTS: ReadonlySet<string> = new Set(['ready', 'listening', 'connect', 'open', 'error']);
const PROCESS_EVENT = /^(?:SIG[A-Z0-9]+|exit|beforeExit|warning|uncaughtException|unhandledRejection)$/;
const LISTENS: ReadonlySet<string> = new Set(['on', 'once', 'addListener', 'addEventListener']);

/** For the function that stands as an argument of this call. */
export function callbackTime(call: NodePath<t.CallExpression> | NodePath<t.NewExpression>): CallbackTime {
  const callee = unwrap(call.get('callee') as NodePath).node;
  const name = calleeName(callee);
  if (call.isNewExpression()) return name === 'Promise' ? 'with-caller' : 'event';
  if (name === null) return 'event';
  if (WITH_CALLER.has(name)) return 'with-caller';
  if (ONCE.has(name) || isOnce(name, call.node)) return 'once';
  // `await withTransaction(async tx => …)`: whoever waits for a call waits for what it calls.
  return call.parentPath?.isAwaitExpression() === true ? 'with-caller' : 'event';
}

/** Of one argument: `once(() => new Pool())` of lodash and others, `command.action(run)` of a command line. */
const ALONE: ReadonlySet<string> = new Set(['once', 'action']);

/** These, and listeners of what happens once. */
function isOnce(name: string, { arguments: args, callee }: t.CallExpression | t.NewExpression): boolean {
  if (ALONE.has(name) && args.length === 1) return true;
  if (!LISTENS.has(name) || callee.type !== 'MemberExpression') return false;
  const [first] = args;
  if (first?.type !== 'StringLiteral') return false;
  const ofProcess = callee.object.type === 'Identifier' && callee.object.name === 'process';
  return ofProcess ? PROCESS_EVENT.test(first.value) : START_EVENTS.has(first.value);
}

export function calleeName(callee: t.Node): string | null {
  if (callee.type === 'Identifier') return callee.name;
  if (callee.type === 'MemberExpression' || callee.type === 'OptionalMemberExpression')
    return memberName(callee);
  return null;
}
