import type { HostInterface, ResourceType } from '../../../src/component/host-interface.ts';

/** The functions that wasmtime's runner of scripts gives to components; its core modules and nested instances have no counterpart. */
export function createSuiteHost(): readonly HostInterface[] {
  const drops: number[] = [];
  const resource1: ResourceType<number> = { name: 'resource1', drop: (rep) => void drops.push(rep) };
  const resource2: ResourceType<number> = { name: 'resource2' };
  return [
    {
      name: '',
      functions: {
        'host-return-two': { type: '() -> (i32)', waits: false, bind: () => () => 2 },
        'host-echo-u32': { type: '(i32) -> (i32)', waits: false, bind: () => (value: number) => value },
      },
    },
    {
      name: 'host',
      resources: { resource1, resource2, 'resource1-again': resource1 },
      functions: {
        'return-three': { type: '() -> (i32)', waits: false, bind: () => () => 3 },
        'return-hi': {
          type: '(i32) -> ()',
          waits: false,
          bind: (guest) => (at: number) => guest.storeString(at, 'hi'),
        },
        '[constructor]resource1': {
          type: '(i32) -> (i32)',
          waits: false,
          bind: (guest) => (rep: number) => guest.handles.insert(resource1, rep),
        },
        '[static]resource1.assert': {
          type: '(i32 i32) -> ()',
          waits: false,
          bind: (guest) => (handle: number, rep: number) => {
            if (guest.handles.take(resource1, handle) !== rep) guest.trap('another resource');
          },
        },
        '[static]resource1.last-drop': {
          type: '() -> (i32)',
          waits: false,
          bind: () => () => drops.at(-1) ?? 0,
        },
        '[static]resource1.drops': { type: '() -> (i32)', waits: false, bind: () => () => drops.length },
        '[method]resource1.simple': {
          type: '(i32 i32) -> ()',
          waits: false,
          bind: (guest) => (self: number, rep: number) => {
            if (guest.handles.get(resource1, self) !== rep) guest.trap('another resource');
          },
        },
        '[method]resource1.take-borrow': {
          type: '(i32 i32) -> ()',
          waits: false,
          bind: (guest) => (self: number, other: number) => {
            guest.handles.get(resource1, self);
            guest.handles.get(resource1, other);
          },
        },
        '[method]resource1.take-own': {
          type: '(i32 i32) -> ()',
          waits: false,
          bind: (guest) => (self: number, other: number) => {
            guest.handles.get(resource1, self);
            guest.handles.take(resource1, other);
          },
        },
      },
    },
  ];
}
