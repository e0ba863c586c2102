import './skeleton.css';

/** In place of rows that are being fetched. */
export function RowsSkeleton({ rows = 8 }: { readonly rows?: number }) {
  return (
    <div className="skeleton-rows" role="status">
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton" />
      ))}
    </div>
  );
}

/** In place of a page whose code is being fetched. */
export function PageSkeleton() {
  return (
    <>
      <div className="skeleton skeleton-title" />
      <RowsSkeleton />
    </>
  );
}
