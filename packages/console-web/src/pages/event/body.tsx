import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { visibleText } from '../../components/visible-text.ts';
import { type BodyView, shownOf } from './body-view.ts';

type Form = 'pretty' | 'text' | 'hex';

const NAMES: readonly (readonly [Form, string])[] = [
  ['pretty', 'Pretty'],
  ['text', 'Raw'],
  ['hex', 'Hex'],
];

/** The body in the form that says most, and in the others when asked for. Text is only ever text here. */
export function Body({ view, bodyBytes }: { readonly view: BodyView; readonly bodyBytes: number }) {
  const forms = NAMES.filter(([form]) => view[form] !== null);
  const [form, setForm] = useState<Form>(forms[0]?.[0] ?? 'hex');
  const text = view[form] ?? '';
  if (bodyBytes === 0) return <p className="faint">It is empty.</p>;
  return (
    <div className="body-view">
      <div className="body-forms" role="group" aria-label="Form of the body">
        {forms.map(([name, title]) => (
          <Button key={name} kind="quiet" aria-pressed={form === name} onPress={() => setForm(name)}>
            {title}
          </Button>
        ))}
        <CopyButton text={text} what="the body as it is shown" />
      </div>
      <pre tabIndex={0} aria-label="Body">
        {visibleText(text)}
      </pre>
      <BodyEnd view={view} form={form} bodyBytes={bodyBytes} />
    </div>
  );
}

interface BodyEndProps {
  readonly view: BodyView;
  readonly form: Form;
  readonly bodyBytes: number;
}

function BodyEnd({ view, form, bodyBytes }: BodyEndProps) {
  if (form === 'hex' && bodyBytes > 1024)
    return <p className="hint">This is the first KiB; the file has all.</p>;
  if (form === 'hex' || !view.isCut) return null;
  return <p className="hint">This is of {shownOf(bodyBytes)} at most; the file has all.</p>;
}
