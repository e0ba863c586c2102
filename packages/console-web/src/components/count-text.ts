const NUMBER = new Intl.NumberFormat(undefined);

export function numberText(value: number): string {
  return NUMBER.format(value);
}

/** Of a count that ends at a bound: "100,000 or more". */
export function countText({ count, hasMore }: { readonly count: number; readonly hasMore: boolean }): string {
  return hasMore ? `${numberText(count)} or more` : numberText(count);
}

/** "1 delivery", "12 deliveries", "100,000 or more deliveries". */
export function deliveriesText(count: number, hasMore = false): string {
  return `${countText({ count, hasMore })} ${count === 1 && !hasMore ? 'delivery' : 'deliveries'}`;
}
