import { readYaml } from '@ackline/shared/config/yaml-source';

export interface AlertRule {
  readonly name: string;
  readonly expr: string;
  readonly severity: string;
  /** What a person reads; '' where it is missing. */
  readonly texts: Readonly<Record<'summary' | 'description', string>>;
  readonly runbook: string;
}

interface RulesFile {
  readonly groups?: readonly {
    readonly rules?: readonly {
      readonly alert?: string;
      readonly expr?: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    }[];
  }[];
}

/** Of a file of Prometheus; its form is checked by promtool. */
export function readAlerts(text: string): readonly AlertRule[] {
  const { value, problems } = readYaml(text);
  const [problem] = problems;
  if (problem !== undefined) throw new Error(problem.message);
  const { groups = [] } = value as RulesFile;
  return groups.flatMap(({ rules = [] }) =>
    rules.map(({ alert = '', expr = '', labels, annotations }) => ({
      name: alert,
      expr,
      severity: labels?.['severity'] ?? '',
      texts: {
        summary: annotations?.['summary'] ?? '',
        description: annotations?.['description'] ?? '',
      },
      runbook: annotations?.['runbook_url'] ?? '',
    })),
  );
}
