import './page-head.css';
import type { ReactNode } from 'react';

export interface PageHeadProps {
  readonly title: string;
  /** Buttons and switches of the page. */
  readonly children?: ReactNode;
}

/** The page's heading, which is the tab's title too. */
export function PageHead({ title, children }: PageHeadProps) {
  return (
    <div className="page-head">
      <title>{`${title} · Ackline`}</title>
      <h1>{title}</h1>
      {children !== undefined && <div className="page-actions">{children}</div>}
    </div>
  );
}
