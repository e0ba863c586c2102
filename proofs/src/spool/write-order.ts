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
 * The 200s of the trace in order, each with the write that holds its event's id and with the sync of that file that began
 * after it. Throws, naming the event, where the sync had not returned 0 before the answer was written.
 */
export function checkWriteOrder(
  calls: readonly TracedCall[],
  eventIds: readonly string[],
): readonly Sequence[] {
  const answers = calls
    .filter(call => WRITES.has(call.name) || call.name.startsWith('send'))
    .filter(call => ANSWER_200.test(call.args));
  if (answers.length !== eventIds.length) {
    throw new Error(`${answers.length} answers of 200 in the trace, ${eventIds.length} events`);
  }
  return eventIds.map((id, index) => {
    const answer = answers[index];
    const write = calls.findLast(
      call => WRITES.has(call.name) && LOG_OF_SPOOL.test(call.args) && call.args.includes(id),
    );
    if (answer === undefined || write === undefined)
      throw new Error(`no write of ${id} to the spool's log is in the trace`);
    const sync = calls.find(
      call =>
        SYNCS.has(call.name) &&
        LOG_OF_SPOOL.test(call.args) &&
        call.begun > (write.returned ?? Number.POSITIVE_INFINITY),
    );
    const isBefore = sync?.result === '0' && sync.returned !== null && sync.returned < answer.begun;
    if (sync === undefined || !isBefore)
      throw new Error(`the answer of ${id} was written before the sync of its pages returned`);
    return { write, sync, answer };
  });
}
