import './place-text.css';

/** Where it is configured: configuration is changed in its file. */
export function PlaceText({
  place,
}: {
  readonly place: { readonly file: string; readonly line: number } | null;
}) {
  if (place === null) return null;
  const name = place.file.split('/').at(-1);
  return (
    <code className="place" title={`${place.file}:${place.line}`}>
      {name}:{place.line}
    </code>
  );
}
