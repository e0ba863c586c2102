import './filter-bar.css';
import { type ReactNode, useId, useRef } from 'react';
import { Button } from './button.tsx';
import type { FilterField } from './filter-field.ts';
import { FilterInput } from './filter-input.tsx';
import { More } from './more.tsx';

/** Undefined: it is not filtered by. */
export type FilterValues = Readonly<Record<string, string | undefined>>;

export interface FilterBarProps {
  readonly fields: readonly FilterField[];
  readonly values: FilterValues;
  /** With the fields that have changed. Who uses it keeps them in the URL. */
  readonly onChange: (changes: FilterValues) => void;
  /** Further filters, beside the rare ones. */
  readonly children?: ReactNode;
  /** Of these further filters. */
  readonly extraCount?: number;
  readonly onClear: () => void;
}

/** What a list is filtered by: the values are those of the URL, and a change goes there as soon as its field is left. */
export function FilterBar({ fields, values, onChange, children, extraCount = 0, onClear }: FilterBarProps) {
  const form = useRef<HTMLFormElement>(null);
  const ids = useId();
  const rare = fields.filter(({ isRare }) => isRare === true);
  const rareCount = rare.filter(({ name }) => values[name] !== undefined).length + extraCount;
  const count =
    fields.filter(({ name, isRare }) => isRare !== true && values[name] !== undefined).length + rareCount;
  const submit = () => {
    if (form.current === null) return;
    const given = new FormData(form.current);
    const changes = fields
      .filter(({ kind }) => kind !== 'time')
      .map(({ name }) => [name, textOf(given.get(name))] as const)
      .filter(([name, value]) => value !== values[name]);
    if (changes.length > 0) onChange(Object.fromEntries(changes));
  };
  const input = (field: FilterField) => (
    <FilterInput
      key={field.name}
      field={field}
      listId={`${ids}-${field.name}`}
      value={values[field.name]}
      onChange={value => onChange({ [field.name]: value })}
    />
  );
  return (
    <form
      ref={form}
      className="filter-bar"
      role="search"
      aria-label="Filters"
      onSubmit={event => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="filter-fields">
        {fields.filter(({ isRare }) => isRare !== true).map(input)}
        {/* Enter in a field needs a button that it presses. */}
        <button type="submit" hidden tabIndex={-1} />
        {count > 0 && (
          <Button kind="quiet" onPress={onClear}>
            Clear {count === 1 ? 'filter' : `${count} filters`}
          </Button>
        )}
      </div>
      {(rare.length > 0 || children !== undefined) && (
        <More title={rareCount > 0 ? `More filters (${rareCount})` : 'More filters'} isOpen={rareCount > 0}>
          <div className="filter-fields">{rare.map(input)}</div>
          {children}
        </More>
      )}
    </form>
  );
}

function textOf(value: FormDataEntryValue | null): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
