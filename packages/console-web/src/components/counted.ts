/** 1 → "1 delivery", 12 → "12 deliveries", with `hasMore` "at least 12 deliveries". */
export function deliveriesText(count: number, hasMore = false): string {
  return `${hasMore ? 'at least ' : ''}${count.toLocaleString('en')} ${count === 1 ? 'delivery' : 'deliveries'}`;
}
