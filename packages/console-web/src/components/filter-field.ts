export interface FilterField {
  /** In the URL and in the API's query. */
  readonly name: string;
  readonly label: string;
  readonly kind: 'text' | 'choice' | 'time';
  /** Of a choice: all that there are. Of a text: what is proposed. */
  readonly options?: readonly string[];
  /** Below "More filters". */
  readonly isRare?: boolean;
}
