/** Words and `--flags value` behind a proof's name. */
export interface ProofArguments {
  readonly seconds: number | null;
  readonly rate: number | null;
  readonly only: readonly string[] | null;
}

export interface ProofCommand {
  /** Real servers in containers are needed. */
  readonly docker: boolean;
  /** Prints its figures; false: something that is promised did not hold. */
  run(args: ProofArguments): Promise<boolean>;
}

export const PROOF_OPTIONS = `options, where the proof takes them (docs/proofs says which and what for):
  --seconds <n>          of each phase, or of the whole run
  --rate <n>             requests a second
  --only <part of name>  only these parts; may be repeated
  --help`;

/** Throws a sentence for the user. */
export function parseProofArguments(words: readonly string[]): ProofArguments {
  const only: string[] = [];
  let seconds: number | null = null;
  let rate: number | null = null;
  for (let index = 0; index < words.length; index += 2) {
    const [flag = '', value = ''] = words.slice(index, index + 2);
    if (flag === '--only' && value !== '') only.push(value);
    else if (flag === '--seconds') seconds = positive(flag, value);
    else if (flag === '--rate') rate = positive(flag, value);
    else throw new Error(`${`${flag} ${value}`.trim()}: not known, or without its value`);
  }
  return { seconds, rate, only: only.length === 0 ? null : only };
}

function positive(flag: string, value: string): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new Error(`${flag} needs a number above 0, not "${value}"`);
}
