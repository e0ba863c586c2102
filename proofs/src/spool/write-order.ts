// Reads a trace that `strace -f -ttt -y -s …` recorded, one call a line, two where another thread's call came between.

/** A call as the trace has it: from its begin to its return, in the order of the trace. */
export interface TracedCall {
  readonly thread: string;
  readonly name: string;
  /** What is between the brackets, with paths of descriptors. */
  readonly args: string;
  /** null: it never returned. */
  readonly result: string | null;
  /** Line numbers, from 0. */
  readonly begun: number;
  readonly returned: number | null;
}

/** A whole call, its begin (`unfinished`), or its return (`resumed`). */
const LINE =
  /^(?<thread>\d+)\s+[\d.]+ (?:<\.\.\. \w+ (?<resumed>resumed)>|(?<name>\w+)\()(?<args>.*)(?:<unfinished \.\.\.>|\)\s+= (?<result>-?\w+.*))$/;

export function parseTrace(text: string): readonly TracedCall[] {
  const calls: TracedCall[] = [];
  const open = new Map<string, number>();
  for (const [line, content] of text.split('\n').entries()) {
    const groups = LINE.exec(content)?.groups;
    if (groups === undefined) continue;
    const { thread = '', name = '', args = '', result = null } = groups;
    const returned = result === null ? null : line;
    if (groups['resumed'] === undefined) {
      open.set(thread, calls.push({ thread, name, args, result, begun: line, returned }) - 1);
      continue;
    }
    const begun = open.get(thread) ?? -1;
    const call = calls[begun];
    if (call !== undefined) calls[begun] = { ...call, args: call.args + args, result, returned };
  }
  return calls;
}

/** How one event came to its answer. */
export interface Sequence {
  readonly write: TracedCall;
  readonly sync: TracedCall;
  readonly answer: TracedCall;
}

const WRITES: ReadonlySet<string> = new Set(['pwrite64', 'write', 'writev', 'pwritev']);
const SYNCS: ReadonlySet<string> = new Set(['fsync', 'fdatasync']);
const LOG_OF_SPOOL = /<[^>]*spool-[^>]*\.sqlite-wal>/;
const ANSWER_200 = /"HTTP\/1\.1 200 /;

/**
 * The 200s of the trace in order, one event each, one after the other. For each: what was written to the spool's log since the
 * answer before holds the event's id, and a sync of that file that began after the last of it has returned 0. Throws, naming
 * the event, where that had not happened before the answer was written.
 */
export function checkWriteOrder(
  calls: readonly TracedCall[],
  eventIds: readonly string[],
): readonly Sequence[] {
  const isWrite = ({ name }: TracedCall): boolean => WRITES.has(name) || name.startsWith('send');
  const answers = calls.filter(call => isWrite(call) && ANSWER_200.test(call.args));
  if (answers.length !== eventIds.length) {
    throw new Error(`${answers.length} answers of 200 in the trace, ${eventIds.length} events`);
  }
  return answers.map((answer, index) => {
    const id = eventIds[index] ?? '';
    const from = answers[index - 1]?.begun ?? -1;
    const onLog = calls.filter(
      ({ begun, args }) => begun > from && begun < answer.begun && LOG_OF_SPOOL.test(args),
    );
    const writes = onLog.filter(isWrite);
    const write = writes.find(({ args }) => args.includes(id));
    const last = writes.at(-1)?.returned ?? null;
    if (write === undefined || last === null) {
      throw new Error(`no write of ${id} to the spool's log is in the trace before its answer`);
    }
    const sync = onLog.find(({ name, begun }) => SYNCS.has(name) && begun > last);
    if (sync?.result !== '0' || sync.returned === null || sync.returned >= answer.begun) {
      throw new Error(`the answer of ${id} was written before the sync of its pages returned`);
    }
    return { write, sync, answer };
  });
}
