/** Whether a destination is held: as PostgreSQL lists it, or by its own 410 before that is listed. */
export interface Pause {
  readonly isOn: boolean;
  /** On at once; `record` puts it on the list. */
  begin(record: () => Promise<void>): Promise<void>;
  /** To be taken before the list is read. */
  mark(): number;
  /** What the list says that was read after `mark`; ignored where a pause was begun or recorded meanwhile. */
  learn(listed: boolean, mark: number): void;
}

export function createPause(): Pause {
  let isOn = false;
  let recording = 0;
  let changes = 0;
  return {
    get isOn() {
      return isOn;
    },
    async begin(record) {
      isOn = true;
      recording += 1;
      changes += 1;
      try {
        await record();
      } finally {
        recording -= 1;
        changes += 1;
      }
    },
    mark: () => changes,
    learn(listed, mark) {
      if (recording === 0 && mark === changes) isOn = listed;
    },
  };
}
