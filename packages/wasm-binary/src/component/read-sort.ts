import type { ByteReader } from '../byte-reader.ts';
import type { CoreSort, NamedReference, Sort } from './component.ts';
import { typeExtern } from './read-extern.ts';
import { lookUp, type Scope } from './scope.ts';
import type { CoreExternType, ExternType } from './types.ts';

const coreSorts: Readonly<Record<number, CoreSort>> = {
  0x00: 'core-func',
  0x01: 'core-table',
  0x02: 'core-memory',
  0x03: 'core-global',
  0x04: 'core-tag',
  0x10: 'core-type',
  0x11: 'core-module',
  0x12: 'core-instance',
};

export function readSort(reader: ByteReader, scope: Scope): Sort {
  switch (reader.byte()) {
    case 0x00:
      return readCoreSort(reader);
    case 0x01:
      return 'func';
    case 0x02:
      return scope.reading.unsupported('values of components');
    case 0x03:
      return 'type';
    case 0x04:
      return 'component';
    case 0x05:
      return 'instance';
    default:
      return reader.fail('an unknown sort');
  }
}

export function readCoreSort(reader: ByteReader): CoreSort {
  return coreSorts[reader.byte()] ?? reader.fail('an unknown core sort');
}

/** The type of what a reference leads to, if components may give that to each other. Throws `INVALID`. */
export function externAt(scope: Scope, { sort, index }: Omit<NamedReference, 'name'>): ExternType {
  if (sort === 'type') return typeExtern(lookUp(scope, sort, index));
  if (sort === 'func' || sort === 'component' || sort === 'instance' || sort === 'core-module') {
    return lookUp(scope, sort, index);
  }
  return scope.reading.invalid(`a ${sort.replace('-', ' ')} does not leave its component`);
}

/** The type of what a core instance can be given. Throws `INVALID`. */
export function coreExternAt(scope: Scope, sort: CoreSort, index: number): CoreExternType {
  if (sort === 'core-type' || sort === 'core-module' || sort === 'core-instance') {
    return scope.reading.invalid(`a ${sort.replace('-', ' ')} is no export of a core instance`);
  }
  return lookUp(scope, sort, index);
}
