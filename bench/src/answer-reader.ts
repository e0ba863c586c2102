/** Reads the answers of one connection out of its bytes, however they are cut. */
export interface AnswerReader {
  read(chunk: Buffer): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const CHUNKED_END = Buffer.from('0\r\n\r\n');
/** No program that is measured answers more. */
const MAX_HEAD_BYTES = 16_384;

/** Calls `onAnswer` with the status of each answer once its last byte is there. Throws on what is no HTTP/1.1. */
export function createAnswerReader(onAnswer: (status: number) => void): AnswerReader {
  let held: Buffer | null = null;
  return {
    read(chunk) {
      let bytes: Buffer = held === null ? chunk : Buffer.concat([held, chunk]);
      held = null;
      while (bytes.length > 0) {
        const answer = firstAnswer(bytes);
        if (answer === null) {
          held = bytes;
          return;
        }
        bytes = bytes.subarray(answer.bytes);
        if (answer.status >= 200) onAnswer(answer.status);
      }
    },
  };
}

/** null: not wholly there yet. */
function firstAnswer(bytes: Buffer): { status: number; bytes: number } | null {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) {
    if (bytes.length > MAX_HEAD_BYTES) throw new Error('an answer without the end of its head');
    return null;
  }
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  if (!head.startsWith('HTTP/1.') || !(status >= 100)) throw new Error(`no answer: ${head.slice(0, 60)}`);
  const bodyAt = headEnd + HEAD_END.length;
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const end = bytes.indexOf(CHUNKED_END, bodyAt);
    return end < 0 ? null : { status, bytes: end + CHUNKED_END.length };
  }
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return bytes.length < bodyAt + length ? null : { status, bytes: bodyAt + length };
}
