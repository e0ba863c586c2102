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
  const read = conditionsOf(where);
  const [isRaw, setRaw] = useState(read === null);
  const [before, setBefore] = useState(where);
  const [lines, setLines] = useState(read ?? []);
  const [text, setText] = useState(where ?? '');
  // The address says something else than before: by the button here, or by going back.
  if (before !== where) {
    setBefore(where);
    setText(where ?? '');
    if (read === null) setRaw(true);
    else setLines(read);
  }
  const filter = () => onChange((isRaw ? text.trim() : whereOf(lines)) || undefined);
  return (
    <fieldset className="where">
      <legend>Body and headers</legend>
      {isRaw ? <RawFilter text={text} onText={setText} /> : <Lines lines={lines} onLines={setLines} />}
      <div className="where-actions">
        <Button kind="primary" onPress={filter}>
          Filter
        </Button>
        {!isRaw && <Button onPress={() => setLines([...shownLines(lines), NEW])}>Add a line</Button>}
        {read !== null && (
          <Button kind="quiet" onPress={() => setRaw(!isRaw)}>
            {isRaw ? 'As lines' : 'As JSON'}
          </Button>
        )}
      </div>
    </fieldset>
  );
}

const shownLines = (lines: readonly Condition[]) => (lines.length === 0 ? [NEW] : lines);

interface LinesProps {
  readonly lines: readonly Condition[];
  readonly onLines: (lines: readonly Condition[]) => void;
}

function Lines({ lines, onLines }: LinesProps) {
  const shown = shownLines(lines);
  return (
    <>
      {shown.map((line, at) => (
        <Line
          key={at}
          line={line}
          number={at + 1}
          onChange={changed => onLines(shown.with(at, { ...line, ...changed }))}
        />
      ))}
      <p className="hint">
        A path such as <code>body.message.chat.id</code> or <code>headers.x-topic</code>. <code>5</code> is a
        number, <code>"5"</code> a text.
      </p>
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

interface RawFilterProps {
  readonly text: string;
  readonly onText: (text: string) => void;
}

function RawFilter({ text, onText }: RawFilterProps) {
  return (
    <textarea
      className="input"
      aria-label="Filter as JSON"
      rows={3}
      value={text}
      spellCheck={false}
      placeholder='{"body.message.text":{"$exists":true}}'
      onChange={({ target }) => onText(target.value)}
    />
  );
}
