import 'uplot/dist/uPlot.min.css';
import { type RefObject, useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import type { ChartFacts } from './chart-series.ts';

interface PlotProps extends Pick<ChartFacts, 'series' | 'format'> {
  /** Seconds since 1970. */
  readonly at: readonly number[];
  /** Has an element for each series, whose `color` its line has. */
  readonly legend: RefObject<HTMLElement | null>;
  /** The point under the pointer; null: it is elsewhere. */
  readonly onPoint: (point: number | null) => void;
}

const HEIGHT_PX = 180;
const Y_AXIS_PX = 64;
const X_AXIS_PX = 30;
const FONT = '12px system-ui, sans-serif';
const DAY_S = 86_400;
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** The lines, on a canvas. What they say is said in words by who uses it. */
export function Plot({ at, series, format, legend, onPoint }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = useMemo(() => [at, ...series.map(({ values }) => values)] as uPlot.AlignedData, [at, series]);
  const first = useRef({ data, series, format, onPoint, legend });
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const { data: points, ...facts } = first.current;
    const made = new uPlot(optionsOf(facts, element), points, element);
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    sizes.observe(element);
    const unwatch = watchTheme(() => made.redraw(false, true));
    return () => {
      sizes.disconnect();
      unwatch();
      made.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [data]);
  return <div ref={host} className="plot" aria-hidden="true" />;
}

type Facts = Pick<PlotProps, 'series' | 'format' | 'onPoint' | 'legend'>;

function optionsOf({ series, format, onPoint, legend }: Facts, element: HTMLElement): uPlot.Options {
  const lineColor = (place: number) => colorOf(legend.current?.children[place] ?? element);
  const text = () => colorOf(element);
  const grid = { stroke: () => getComputedStyle(element).borderTopColor, width: 1 };
  const axis = { stroke: text, grid, ticks: { ...grid, size: 4 }, font: FONT };
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, sync: { key: 'overview' } },
    scales: { y: { range: (_plot, _min, max) => uPlot.rangeNum(0, Math.max(max, 1), 0.1, true) } },
    axes: [
      {
        ...axis,
        space: 70,
        size: X_AXIS_PX,
        values: (_plot, splits, ...rest) => splits.map(timeText(rest[2])),
      },
      { ...axis, size: Y_AXIS_PX, values: (_plot, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...series.map(({ label }, place) => ({
        label,
        stroke: () => lineColor(place),
        width: 1.75,
        // One that has no neighbour is no line.
        points: {
          size: 4,
          show: (plot: uPlot, line: number) => plot.data[line]?.some(value => value === null) === true,
        },
      })),
    ],
    hooks: { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? null)] },
  };
}

const timeText = (step: number) => (at: number) => (step >= DAY_S ? DAY : CLOCK).format(at * 1_000);

const colorOf = (element: Element) => getComputedStyle(element).color;

/** A canvas does not follow the theme by itself. */
function watchTheme(onChange: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const chosen = new MutationObserver(onChange);
  system.addEventListener('change', onChange);
  chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', onChange);
    chosen.disconnect();
  };
}
