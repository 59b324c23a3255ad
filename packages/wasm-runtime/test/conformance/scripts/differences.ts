/** Steps of scripts in which we differ, and why. */
export interface Difference {
  /** As the end of its path. */
  readonly script: string;
  readonly lines: readonly number[];
  readonly why: Reason;
}

export type Reason = keyof typeof reasons;

export const reasons = {
  'own-limits': 'what wasmtime does not implement, or has as an option, and is taken here',
  'unused-imports': 'an import that nothing calls is not asked for: what the host lacks there is not missed',
  'host-handles':
    'a host function takes its handles one by one, so that it may be given one handle as a borrow and as its own',
  'one-allocation':
    'a string that changes its encoding is given room once, in the size that it has then; the script counts the calls',
  'content-limit':
    'a trap for 256 MiB, which the canonical ABI has as its limit, before the one that the script waits for',
  'parent-and-child':
    'a component and one inside it may call each other, as long as none of them is in a call already',
  'idle-modules': 'a core module that is never instantiated is not validated by the engine',
  visibility: 'types of exports and imports need no name of their own',
  'wide-pointers': 'sizes of types are those of 32-bit memories, as there are no others',
} as const;

export const differences: readonly Difference[] = [
  { script: 'component-model/implements-disabled.wast', lines: [3], why: 'own-limits' },
  { script: 'component-model/import.wast', lines: [1], why: 'own-limits' },
  { script: 'component-model/restrictions.wast', lines: [5, 9], why: 'own-limits' },
  { script: 'component-model/simple.wast', lines: [30], why: 'own-limits' },
  { script: 'component-model/import.wast', lines: [7], why: 'unused-imports' },
  { script: 'component-model/instance.wast', lines: [286, 293, 300, 307, 314, 321], why: 'unused-imports' },
  { script: 'component-model/linking.wast', lines: [13, 16], why: 'unused-imports' },
  { script: 'component-model/resources.wast', lines: [166, 173, 200], why: 'unused-imports' },
  { script: 'component-model/resources.wast', lines: [927], why: 'host-handles' },
  { script: 'component-model/strings.wast', lines: [73, 122, 173, 223, 307, 379], why: 'one-allocation' },
  {
    script: 'component-model/big-strings.wast',
    lines: [207, 218, 228, 242, 256, 276, 289, 299, 313, 327, 337, 350, 358, 374, 387, 398, 408, 416],
    why: 'content-limit',
  },
  { script: 'async/trap-on-reenter.wast', lines: [86, 110], why: 'parent-and-child' },
  { script: 'binary/binary.wast', lines: [199], why: 'idle-modules' },
  { script: 'validation/core-modules.wast', lines: [24], why: 'idle-modules' },
  { script: 'validation/annotated-names.wast', lines: [176], why: 'visibility' },
  {
    script: 'validation/external-visibility.wast',
    lines: [
      28, 61, 70, 111, 130, 149, 195, 231, 238, 245, 252, 259, 266, 275, 282, 289, 312, 328, 337, 346, 353,
      368, 377, 384, 432, 443, 458, 489, 497,
    ],
    why: 'visibility',
  },
  { script: 'validation/max-value-size.wast', lines: [63], why: 'wide-pointers' },
];
