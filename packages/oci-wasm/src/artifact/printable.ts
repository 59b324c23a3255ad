/** Foreign text in a message. */
export function printable(text: string, maxLength = 100): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, maxLength);
}
