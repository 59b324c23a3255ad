// oxlint-disable typescript/only-throw-error -- the way to the error of a WIT result
// A library: exports example:shop/catalogue.
const items = new Map([
  ['tea', { pence: 310, tags: ['hot', 'loose'] }],
  ['crumpet', { pence: 45, tags: ['round'] }],
  ['größe', { pence: 1, tags: [] }],
]);

export const catalogue = {
  find(name) {
    if (name === 'bun') throw { tag: 'nothing-left' };
    const item = items.get(name);
    if (item === undefined) throw { tag: 'unknown', val: name };
    return { name, ...item };
  },
};
