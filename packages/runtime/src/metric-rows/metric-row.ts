export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** As the label `service` names them. */
  readonly services: readonly MetricService[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
  /** What the values of several processes under one parent come to; the sum where it is not said. */
  readonly merged?: 'max' | 'min';
  /** What has to be there for it to have a sample. */
  readonly needs?:
    | 'Kafka'
    | 'Redis'
    | 'a spool'
    | 'a secret in a file'
    | 'a replay'
    | 'a collector'
    | 'a handler'
    | 'a call of a handler';
}

export type MetricService = 'ingress' | 'ingress-parent' | 'processor' | 'console';
