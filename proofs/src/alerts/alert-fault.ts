import type { AlertStage } from './alert-stage.ts';

export interface ExpectedAlert {
  readonly name: string;
  /** It must have these among its labels. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Ends a fault. */
type Heal = () => Promise<unknown>;

export interface AlertFault {
  readonly name: string;
  /** Faults of one round are there at once: none hides another. */
  readonly round: string;
  readonly expects: readonly ExpectedAlert[];
  /** Of the run without containers. */
  readonly withoutKafka: boolean;
  /** Of the run in the test tier. */
  readonly short?: boolean;
  cause(stage: AlertStage): Promise<Heal>;
}
