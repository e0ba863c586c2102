/** One query of a panel. */
export interface DashboardQuery {
  readonly panel: string;
  readonly expr: string;
  readonly legend: string;
}

export interface DashboardContent {
  readonly queries: readonly DashboardQuery[];
  /** What a reader of the dashboard would miss. */
  readonly problems: readonly string[];
}

interface Panel {
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly datasource?: { readonly uid?: string };
  readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr?: string; readonly legendFormat?: string }[];
}

interface Dashboard {
  readonly panels?: readonly Panel[];
  readonly templating?: {
    readonly list?: readonly { readonly name: string; readonly type: string; readonly query?: string }[];
  };
}

const DATASOURCE = '${datasource}';
/** A variable's values: those of a label. */
const LABEL_VALUES = /^label_values\((\w+), ?(\w+)\)$/;

/** Of a file of Grafana. */
export function readDashboard(text: string): DashboardContent {
  const { panels = [], templating } = JSON.parse(text) as Dashboard;
  const variables = templating?.list ?? [];
  const problems = panels.filter(({ type }) => type !== 'row' && type !== 'text').flatMap(panelProblems);
  if (!variables.some(({ type, name }) => type === 'datasource' && name === 'datasource'))
    problems.push('it has no variable for its data source');
  const queries = panels.flatMap(({ title = '', targets = [] }) =>
    targets.map(({ expr = '', legendFormat = '' }) => ({ panel: title, expr, legend: legendFormat })),
  );
  const ofVariables = variables
    .filter(({ type }) => type === 'query')
    .map(({ name, query = '' }) => {
      const [, metric = '', label = ''] = LABEL_VALUES.exec(query) ?? [];
      // As a query of the metric that names the label: the same check holds for both.
      return { panel: `variable ${name}`, expr: `count by (${label}) (${metric})`, legend: '' };
    });
  return { queries: [...queries, ...ofVariables], problems };
}

function panelProblems({ title = '', description, datasource, fieldConfig, targets = [] }: Panel): string[] {
  return [
    ...(title === '' ? ['a panel has no title'] : []),
    ...(description === undefined ? [`"${title}" has no description`] : []),
    ...(datasource?.uid === DATASOURCE ? [] : [`"${title}" has a data source of its own`]),
    ...(fieldConfig?.defaults?.unit === undefined ? [`"${title}" has no unit`] : []),
    ...(targets.length === 0 ? [`"${title}" asks for nothing`] : []),
  ];
}
