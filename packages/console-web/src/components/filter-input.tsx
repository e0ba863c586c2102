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
  const change = (next: string) => {
    const given = next.trim() === '' ? undefined : next.trim();
    if (given !== value) onChange(given);
  };
  switch (kind) {
    case 'choice':
      return (
        <select
          className="input"
          name={name}
          value={value ?? ''}
          onChange={({ target }) => change(target.value)}
        >
          <option value="">any</option>
          {options.map(option => (
            <option key={option}>{option}</option>
          ))}
        </select>
      );
    case 'time':
      // Its key makes it anew where the URL says something else.
      return (
        <input
          key={value}
          className="input"
          type="datetime-local"
          step="1"
          defaultValue={value === undefined ? '' : localOfIso(value)}
          onBlur={({ target }) => {
            if (target.value !== (value === undefined ? '' : localOfIso(value)))
              change(isoOfLocal(target.value));
          }}
        />
      );
    case 'text':
      return (
        <>
          <input
            key={value}
            className="input"
            name={name}
            defaultValue={value}
            placeholder="any"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            {...(options.length > 0 ? { list: listId } : {})}
            onBlur={({ target }) => change(target.value)}
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
