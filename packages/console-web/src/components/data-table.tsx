import './data-table.css';
import { Link } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { useIsPhone } from './use-is-phone.ts';

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  /** A track of a CSS grid: `7rem`, `minmax(8rem, 2fr)`. */
  readonly width: string;
  readonly cell: (row: Row) => ReactNode;
  readonly align?: 'end';
  /**
   * Its place on a phone, where a row has two lines: `lead` and `side` are the upper one, `more` and `end` the lower one. One column
   * each; without, it is not there.
   */
  readonly phone?: 'lead' | 'side' | 'more' | 'end';
}

export interface DataTableProps<Row> {
  /** What it lists, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Where a row leads: its first cell is a real link, which a click anywhere on the row follows. */
  readonly hrefOf?: (row: Row) => string;
}

const ROW_PX = 36;
const PHONE_ROW_PX = 62;
/** Rows beyond the window, so that the keyboard finds the next one. */
const OVERSCAN = 10;
/** What the heads of page and table cover: a row is not brought below them. */
const COVERED_PX = 100;

/**
 * Rows of a list, however many: only those near the window are in the page. The arrow keys go from row to row, Enter follows the link, and
 * so does the middle button in a new tab.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows } = props;
  return (
    <div
      className="data-table"
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      style={{ '--columns': columns.map(({ width }) => width).join(' ') } as CSSProperties}
    >
      <div role="rowgroup" className="data-table-head">
        <div role="row" aria-rowindex={1} className="data-table-row">
          {columns.map(({ id, header, align }) => (
            <div key={id} role="columnheader" data-align={align}>
              {header}
            </div>
          ))}
        </div>
      </div>
      <Rows {...props} />
    </div>
  );
}

function Rows<Row>({ columns, rows, keyOf, hrefOf }: DataTableProps<Row>) {
  const body = useRef<HTMLDivElement>(null);
  const isPhone = useIsPhone();
  const top = usePageTop(body);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (isPhone ? PHONE_ROW_PX : ROW_PX),
    overscan: OVERSCAN,
    scrollMargin: top,
    scrollPaddingStart: COVERED_PX,
    getItemKey: index => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
  });
  useLayoutEffect(() => virtualizer.measure(), [isPhone, virtualizer]);
  const wanted = useRef<number | null>(null);
  const focusWanted = () => {
    const link = wanted.current === null ? null : linkOf(body.current, wanted.current);
    if (link === null) return; // its row comes with the next render
    link.focus({ preventScroll: true });
    wanted.current = null;
  };
  useLayoutEffect(focusWanted);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = nextIndex(event, rows.length);
    if (next === null) return;
    event.preventDefault();
    wanted.current = next;
    virtualizer.scrollToIndex(next);
    focusWanted();
  };
  return (
    <div
      role="rowgroup"
      ref={body}
      className="data-table-body"
      style={{ height: virtualizer.getTotalSize() }}
      onKeyDown={onKeyDown}
    >
      {virtualizer.getVirtualItems().map(({ index, key, start, size }) => {
        const row = rows[index];
        if (row === undefined) return null;
        const style = { height: size, transform: `translateY(${start - top}px)` };
        return (
          <div
            key={key}
            role="row"
            aria-rowindex={index + 2}
            data-index={index}
            className="data-table-row"
            style={style}
          >
            <Cells row={row} columns={columns} href={hrefOf?.(row)} />
          </div>
        );
      })}
    </div>
  );
}

interface CellsProps<Row> extends Pick<DataTableProps<Row>, 'columns'> {
  readonly row: Row;
  readonly href: string | undefined;
}

function Cells<Row>({ row, columns, href }: CellsProps<Row>) {
  return columns.map(({ id, cell, align, phone }, at) => (
    <div key={id} role="cell" data-align={align} data-phone={phone ?? 'none'}>
      {at === 0 && href !== undefined ? (
        <Link to={href} className="row-link">
          {cell(row)}
        </Link>
      ) : (
        cell(row)
      )}
    </div>
  ));
}

/** How far down the page the rows begin: it changes with all that is above them. */
function usePageTop(element: RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const update = () =>
      setTop(Math.round((element.current?.getBoundingClientRect().top ?? 0) + window.scrollY));
    update();
    const observer = new ResizeObserver(update);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [element]);
  return top;
}

function linkOf(body: HTMLElement | null, index: number): HTMLElement | null {
  return body?.querySelector<HTMLElement>(`[data-index="${index}"] .row-link`) ?? null;
}

/** Where a key leads; null: it is no key of the table, or the focus is on no row. */
function nextIndex({ key, target, altKey, ctrlKey, metaKey }: KeyboardEvent, count: number): number | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null;
  if (row === null || altKey || ctrlKey || metaKey) return null;
  const at = Number(row.dataset['index']);
  if (key === 'ArrowDown') return Math.min(at + 1, count - 1);
  if (key === 'ArrowUp') return Math.max(at - 1, 0);
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : null;
}
