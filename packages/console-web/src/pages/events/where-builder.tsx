import './where-builder.css';
import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { type Condition, conditionsOf, OPERATORS, type Operator, whereOf } from './where-filter.ts';

interface WhereBuilderProps {
  /** Of the URL. */
  readonly where: string | undefined;
  readonly onChange: (where: string | undefined) => void;
}

const NEW: Condition = { path: 'body.', operator: '$eq', value: '' };

/** A filter by what is in body and headers, line by line, or as JSON where lines do not say it. */
export function WhereBuilder({ where, onChange }: WhereBuilderProps) {
  const lines = conditionsOf(where);
  const [isRaw, setRaw] = useState(lines === null);
  return (
    <fieldset className="where">
      <legend>Body and headers</legend>
      {isRaw || lines === null ? (
        <RawFilter key={where} where={where} onChange={onChange} />
      ) : (
        <Lines key={where} initial={lines.length === 0 ? [NEW] : lines} onChange={onChange} />
      )}
      {lines !== null && (
        <Button kind="quiet" onPress={() => setRaw(!isRaw)}>
          {isRaw ? 'As lines' : 'As JSON'}
        </Button>
      )}
    </fieldset>
  );
}

interface LinesProps {
  readonly initial: readonly Condition[];
  readonly onChange: WhereBuilderProps['onChange'];
}

function Lines({ initial, onChange }: LinesProps) {
  const [lines, setLines] = useState(initial);
  const change = (at: number, changed: Partial<Condition>) =>
    setLines(all => all.map((line, index) => (index === at ? { ...line, ...changed } : line)));
  return (
    <>
      {lines.map((line, at) => (
        <Line key={at} line={line} number={at + 1} onChange={changed => change(at, changed)} />
      ))}
      <p className="hint">
        A path such as <code>body.message.chat.id</code> or <code>headers.x-topic</code>. <code>5</code> is a
        number, <code>"5"</code> a text.
      </p>
      <div className="where-actions">
        <Button kind="primary" onPress={() => onChange(whereOf(lines) ?? undefined)}>
          Filter
        </Button>
        <Button onPress={() => setLines([...lines, NEW])}>Add a line</Button>
      </div>
    </>
  );
}

interface LineProps {
  readonly line: Condition;
  /** For its names: "Path 1". */
  readonly number: number;
  readonly onChange: (changed: Partial<Condition>) => void;
}

function Line({ line: { path, operator, value }, number, onChange }: LineProps) {
  const named = { className: 'input', 'aria-label': `Value ${number}` };
  return (
    <div className="where-line">
      <input
        className="input"
        aria-label={`Path ${number}`}
        value={path}
        spellCheck={false}
        onChange={({ target }) => onChange({ path: target.value })}
      />
      <select
        className="input"
        aria-label={`Comparison ${number}`}
        value={operator}
        onChange={({ target }) => onChange({ operator: target.value as Operator })}
      >
        {Object.entries(OPERATORS).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
      {operator === '$exists' ? (
        <select
          {...named}
          value={value === 'false' ? 'false' : 'true'}
          onChange={({ target }) => onChange({ value: target.value })}
        >
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      ) : (
        <input
          {...named}
          value={value}
          spellCheck={false}
          onChange={({ target }) => onChange({ value: target.value })}
        />
      )}
    </div>
  );
}

function RawFilter({ where, onChange }: WhereBuilderProps) {
  const [text, setText] = useState(where ?? '');
  return (
    <>
      <textarea
        className="input"
        aria-label="Filter as JSON"
        rows={3}
        value={text}
        spellCheck={false}
        placeholder='{"body.message.text":{"$exists":true}}'
        onChange={({ target }) => setText(target.value)}
      />
      <div className="where-actions">
        <Button kind="primary" onPress={() => onChange(text.trim() === '' ? undefined : text.trim())}>
          Filter
        </Button>
      </div>
    </>
  );
}
