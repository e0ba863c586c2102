import { type ToggleEvent, useId, useRef, useState } from 'react';
import { Time } from '../../components/time.tsx';
import type { ChartFacts, Series } from './chart-series.ts';
import { Plot } from './plot.tsx';

interface ChartProps extends ChartFacts {
  /** The beginnings of the points. */
  readonly at: readonly string[];
  /** The same in seconds since 1970. */
  readonly seconds: readonly number[];
}

/** Lines over time, their values in words at the last point or under the pointer, and all of them as a table. */
export function Chart({ title, series, format, at, seconds }: ChartProps) {
  const id = useId();
  const legend = useRef<HTMLUListElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const shown = pointed ?? at.length - 1;
  const shownAt = at[shown];
  return (
    <section className="chart" aria-labelledby={id}>
      <div className="chart-head">
        <h2 id={id}>{title}</h2>
        {shownAt !== undefined && (
          <span className="hint">
            <Time at={shownAt} />
          </span>
        )}
      </div>
      <ul className="legend" ref={legend}>
        {series.map(({ label, values }, place) => (
          <li key={label} className={`line-${place + 1}`}>
            <span className="legend-text">
              {label} <strong>{valueText(values[shown], format)}</strong>
            </span>
          </li>
        ))}
      </ul>
      <Plot at={seconds} series={series} format={format} legend={legend} onPoint={setPointed} />
      <ChartTable title={title} series={series} format={format} at={at} />
    </section>
  );
}

type TableProps = Pick<ChartProps, 'title' | 'series' | 'format' | 'at'>;

/** Its rows are made once somebody opens it. */
function ChartTable({ title, series, format, at }: TableProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className="more"
      onToggle={(event: ToggleEvent<HTMLDetailsElement>) => setOpen(event.newState === 'open')}
    >
      <summary>As a table</summary>
      {isOpen && (
        <div className="chart-table" role="region" aria-label={`${title}, as a table`} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                {series.map(({ label }) => (
                  <th key={label} scope="col">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {at.map((time, point) => (
                <TableRow key={time} time={time} point={point} series={series} format={format} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

interface RowProps {
  readonly time: string;
  readonly point: number;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

function TableRow({ time, point, series, format }: RowProps) {
  return (
    <tr>
      <th scope="row">
        <Time at={time} />
      </th>
      {series.map(({ label, values }) => (
        <td key={label}>{valueText(values[point], format)}</td>
      ))}
    </tr>
  );
}

function valueText(value: number | null | undefined, format: (value: number) => string): string {
  return value == null ? '–' : format(value);
}
