/** A long-lived part of a process. `run` ends when `signal` aborts, or throws when the part can't go on. */
export interface Component {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}
