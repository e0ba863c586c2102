import './card-list.css';
import type { ReactNode } from 'react';

/** Things that are few, each with more to say than a row has room for. */
export function CardList({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <ul className="card-list" aria-label={label}>
      {children}
    </ul>
  );
}

export interface CardProps {
  readonly title: string;
  /** Badges beside the title. */
  readonly badges?: ReactNode;
  /** At the end of the title's line: what can be done. */
  readonly end?: ReactNode;
  readonly children: ReactNode;
}

export function Card({ title, badges, end, children }: CardProps) {
  return (
    <li className="card">
      <div className="card-head">
        <h2>{title}</h2>
        {badges}
        {end !== undefined && <div className="card-end">{end}</div>}
      </div>
      {children}
    </li>
  );
}
