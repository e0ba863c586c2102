import { useState } from 'react';
import type { FilterField } from './filter-field.ts';
import { isoOfLocal, localOfIso } from './local-time.ts';

interface FilterInputProps {
  readonly field: FilterField;
  /** Of what is proposed. */
  readonly listId: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

export function FilterInput({ field, listId, value, onChange }: FilterInputProps) {
  return (
    <label className={`filter-field filter-field-${field.kind}`} data-set={value !== undefined}>
      <span>{field.label}</span>
      <Control field={field} listId={listId} value={value} onChange={onChange} />
    </label>
  );
}

function Control({ field: { name, kind, options = [] }, listId, value, onChange }: FilterInputProps) {
  const shown = kind === 'time' && value !== undefined ? localOfIso(value) : (value ?? '');
  const [draft, setDraft] = useDraft(shown);
  const leave = () => {
    if (draft.trim() === shown) return;
    onChange((kind === 'time' ? isoOfLocal(draft) : draft.trim()) || undefined);
  };
  const field = { className: 'input', onBlur: leave };
  switch (kind) {
    case 'choice':
      return (
        <select
          className="input"
          name={name}
          value={shown}
          onChange={({ target }) => onChange(target.value || undefined)}
        >
          <option value="">any</option>
          {options.map(option => (
            <option key={option}>{option}</option>
          ))}
        </select>
      );
    case 'time':
      return (
        <input
          {...field}
          type="datetime-local"
          step="1"
          value={draft}
          onChange={({ target }) => setDraft(target.value)}
        />
      );
    case 'text':
      return (
        <>
          <input
            {...field}
            name={name}
            value={draft}
            onChange={({ target }) => setDraft(target.value)}
            placeholder="any"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            {...(options.length > 0 ? { list: listId } : {})}
          />
          {options.length > 0 && (
            <datalist id={listId}>
              {options.map(option => (
                <option key={option} value={option} />
              ))}
            </datalist>
          )}
        </>
      );
  }
}

/** What is being typed; anew where the address says something else. */
function useDraft(shown: string): readonly [string, (draft: string) => void] {
  const [draft, setDraft] = useState(shown);
  const [before, setBefore] = useState(shown);
  if (before !== shown) {
    setBefore(shown);
    setDraft(shown);
  }
  return [draft, setDraft];
}
