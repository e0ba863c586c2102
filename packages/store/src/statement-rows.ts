/** Of one statement: it ends well within its time limit, however many rows the transaction has, and on a slow server too. */
export const STATEMENT_ROWS = 5_000;

/** The rows of each statement, in order. */
export function* statementsOf<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += STATEMENT_ROWS)
    yield rows.slice(from, from + STATEMENT_ROWS);
}
