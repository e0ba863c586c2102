import type { NodePath } from '@babel/traverse';
import type * as t from '@babel/types';
import type { SourceCheck, SourceFault, SourceProgram } from '../check.ts';
import { type Blocking, blockingName, blockingOrigin } from '../known/blocking.ts';
import { calleeName } from '../known/callbacks.ts';
import { originOf } from '../origins.ts';
import type { SourceModule } from '../parse-module.ts';
import { type AnyCall, callsOf } from '../promise-calls.ts';

/** Calls that stop the thread, and loops that do, in what runs for each event. */
export const findBlockingCalls: SourceCheck = (module, program) => {
  const faults: SourceFault[] = [];
  for (const path of callsOf(module)) {
    const blocking = blockingOf(path, program);
    if (blocking !== null && program.runTimes.isPerEvent(path)) faults.push(faultOf(path, blocking));
  }
  for (const path of loopsOf(module)) {
    const what = describeBusyLoop(path);
    if (what !== null && program.runTimes.isPerEvent(path))
      faults.push({ id: 'source-blocking-call', at: path, what });
  }
  return faults;
};

function faultOf(path: AnyCall, blocking: Blocking): SourceFault {
  const name = calleeName(path.node.callee) ?? 'this call';
  return blocking === 'wait'
    ? { id: 'source-blocking-call', at: path, what: `${name} stops the whole thread until it is done` }
    : {
        id: 'source-blocking-io',
        at: path,
        what: `${name} stops the whole thread while the disk or the packer works`,
      };
}

function blockingOf(path: AnyCall, { definitions }: SourceProgram): Blocking | null {
  const callee = path.get('callee') as NodePath;
  const origin = originOf(callee);
  if (origin !== null && (origin.module !== null || origin.names[0] === 'Atomics')) {
    return blockingOrigin(origin.module, origin.names);
  }
  // A function of one's own may have any name; an object that came from elsewhere has Node's names most likely from Node.
  if (callee.isIdentifier() || definitions.definitionOf(callee)?.isFunction() === true) return null;
  const name = calleeName(callee.node);
  return name === null ? null : blockingName(name);
}

type Loop = NodePath<t.WhileStatement> | NodePath<t.DoWhileStatement> | NodePath<t.ForStatement>;

function loopsOf(module: SourceModule): readonly Loop[] {
  return [...module.all('WhileStatement'), ...module.all('DoWhileStatement'), ...module.all('ForStatement')];
}

/** null: it ends, or lets others run. */
function describeBusyLoop(path: Loop): string | null {
  if (letsOthersRun(path)) return null;
  const { test } = path.node;
  if (isAlwaysTrue(test))
    return leaves(path) ? null : 'this loop never ends, and nothing else runs meanwhile';
  if (test && asksTheClock(path)) return 'this loop waits for the clock, and nothing else runs meanwhile';
  const { body } = path.node;
  const isEmpty =
    body.type === 'EmptyStatement' || (body.type === 'BlockStatement' && body.body.length === 0);
  const mayEnd = path.isForStatement() || (test ? hasEffect(path) : false);
  return isEmpty && !mayEnd ? 'this loop waits for a value that nothing can change meanwhile' : null;
}

function isAlwaysTrue(test: t.Expression | null | undefined): boolean {
  if (!test) return true;
  if (test.type === 'BooleanLiteral') return test.value;
  return test.type === 'NumericLiteral' && test.value !== 0;
}

function letsOthersRun(path: Loop): boolean {
  return has(path, inner => inner.isAwaitExpression() || inner.isYieldExpression() || isForAwait(inner));
}

function isForAwait(path: NodePath): boolean {
  return path.isForOfStatement() && path.node.await;
}

/** A break that is of an inner loop or switch is taken for its own: better silent than wrong. */
function leaves(path: Loop): boolean {
  return has(
    path,
    inner => inner.isBreakStatement() || inner.isReturnStatement() || inner.isThrowStatement(),
  );
}

const CLOCKS: ReadonlySet<string> = new Set([
  'Date.now',
  'performance.now',
  'process.hrtime',
  'process.uptime',
]);

function asksTheClock(path: Loop): boolean {
  return has(path.get('test') as NodePath, inner => {
    const isNew = inner.isNewExpression();
    if (!isNew && !inner.isCallExpression()) return false;
    const names = originOf(inner.get('callee') as NodePath)?.names ?? [];
    return isNew ? names.join('.') === 'Date' : CLOCKS.has(names.slice(0, 2).join('.'));
  });
}

function hasEffect(path: Loop): boolean {
  return has(
    path.get('test') as NodePath,
    inner => inner.isCallExpression() || inner.isAssignmentExpression() || inner.isUpdateExpression(),
  );
}

/** Whether this or something in it is so, without what stands in functions in it. */
function has(path: NodePath, is: (inner: NodePath) => boolean): boolean {
  if (is(path)) return true;
  let found = false;
  path.traverse({
    enter(inner) {
      if (inner.isFunction()) inner.skip();
      else if (is(inner)) {
        found = true;
        inner.stop();
      }
    },
  });
  return found;
}
