import './more.css';
import type { ReactNode } from 'react';

export interface MoreProps {
  readonly title: string;
  readonly isOpen?: boolean;
  readonly children: ReactNode;
}

/** What is there for who asks. The browser's own element does all that is needed. */
export function More({ title, isOpen = false, children }: MoreProps) {
  return (
    <details className="more" open={isOpen}>
      <summary>{title}</summary>
      <div className="more-content">{children}</div>
    </details>
  );
}
