import './toast.css';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react';
import { problemOf } from '../api/call-error.ts';

const SHOWN_MS = 6_000;
const MAX_SHOWN = 4;

interface Shown {
  readonly id: number;
  readonly kind: 'done' | 'failed';
  readonly text: string;
}

export interface Toast {
  /** Says what was done. */
  done(text: string): void;
  /** Says what was not done, and why; it stays until it is closed. */
  failed(error: unknown): void;
}

const Context = createContext<Toast | null>(null);

export function useToast(): Toast {
  const toast = useContext(Context);
  if (toast === null) throw new Error('there is no ToastProvider around this');
  return toast;
}

/** Results of what somebody did, told to screen readers as well. */
export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [shown, setShown] = useState<readonly Shown[]>([]);
  const lastId = useRef(0);
  const close = useCallback((id: number) => setShown(all => all.filter(one => one.id !== id)), []);
  const toast = useMemo<Toast>(() => {
    const show = (kind: Shown['kind'], text: string) => {
      const id = ++lastId.current;
      setShown(all => [...all, { id, kind, text }].slice(-MAX_SHOWN));
      if (kind === 'done') setTimeout(() => close(id), SHOWN_MS);
    };
    return {
      done: text => show('done', text),
      failed: error => {
        const { title, detail, code } = problemOf(error);
        show(
          'failed',
          `${[title, detail].filter((text, at, all) => text !== all[at - 1]).join('. ')} (${code})`,
        );
      },
    };
  }, [close]);
  return (
    <Context value={toast}>
      {children}
      <div className="toasts" role="status">
        {shown.map(({ id, kind, text }) => (
          <div key={id} className={`toast toast-${kind}`}>
            <span>{text}</span>
            <button type="button" className="toast-close" aria-label="Close" onClick={() => close(id)}>
              ×
            </button>
          </div>
        ))}
      </div>
    </Context>
  );
}
