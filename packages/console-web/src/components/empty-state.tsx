import './empty-state.css';
import type { ReactNode } from 'react';
import { CommandLine } from './command-line.tsx';

export interface EmptyStateProps {
  readonly title: string;
  /** Why nothing is here, and what comes next. */
  readonly children: ReactNode;
  /** A command that brings something here. */
  readonly command?: string;
}

/** Where there is nothing to show: it teaches the next step. */
export function EmptyState({ title, children, command }: EmptyStateProps) {
  return (
    <div className="empty-state">
      <h2>{title}</h2>
      <p>{children}</p>
      {command !== undefined && <CommandLine command={command} />}
    </div>
  );
}
