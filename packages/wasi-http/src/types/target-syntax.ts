/** Whether a text is `host[:port]` of a URL, without user and password. */
export function isAuthority(text: string): boolean {
  if (!/^[^\s/?#@\\]+$/.test(text) || !URL.canParse(`http://${text}/`)) return false;
  const { pathname, search, hash } = new URL(`http://${text}/`);
  return pathname === '/' && search === '' && hash === '';
}

/** Whether a text is a path with or without query, as the request line has it; empty stands for `/`. */
export function isPathWithQuery(text: string): boolean {
  return text === '' || text === '*' || /^[/?][\x21\x22\x24-\x7e]*$/.test(text);
}
