import { describe, expect, test } from 'vitest';
import { parseComponent } from '../../../src/index.ts';
import { componentOf, section } from '../../fixtures/bytes.ts';
import { libc } from '../../fixtures/component-of-text.ts';
import { errorOf } from '../../fixtures/error-of.ts';
import { refusalOf } from '../../fixtures/refusal.ts';

const wants = (what: string): string => `(component $c (import "a" ${what}))`;

describe('a type', () => {
  test.each([
    [
      'of an index that comes later',
      '(type (list 1)) (type (record (field "a" u8)))',
      /type 1 is used and none/,
    ],
    ['of a function where one of values is wanted', '(type $f (func)) (type (list $f))', /a func type/],
    ['of a resource without a handle', '(type $r (resource (rep i32))) (type (list $r))', /a resource type/],
    ['of a handle to no resource', '(type $t (record (field "a" u8))) (type (own $t))', /a record type/],
    ['of two fields by one name', '(type (record (field "a" u8) (field "A" u8)))', /"A" is taken/],
    ['of a field that is no label', '(type (record (field "a_b" u8)))', /"a_b" is no label/],
    ['of two parameters by one name', '(type (func (param "a" u8) (param "a" u8)))', /"a" is taken/],
    [
      'of a result that is borrowed',
      '(type $r (resource (rep i32))) (type $b (borrow $r)) (type (func (result (list $b))))',
      /results in what is borrowed/,
    ],
    [
      'of a stream of what is borrowed',
      '(type $r (resource (rep i32))) (type (stream (borrow $r)))',
      /stream or future/,
    ],
    ['of a stream of char', '(type (stream char))', /stream of char/],
    [
      'of more than 32 flags',
      `(type (flags ${Array.from({ length: 33 }, (_, at) => `"f${at}"`).join(' ')}))`,
      /32 flags/,
    ],
    ['of a resource not represented by i32', '(type (resource (rep f32)))', /represented by f32/],
    [
      'of a resource with another destructor',
      `${libc} (type (resource (rep i32) (dtor (core func $none))))`,
      /destructor/,
    ],
    [
      'of an instance that defines a resource',
      '(type (instance (type (resource (rep i32)))))',
      /resource defined in the type/,
    ],
    [
      'of an instance with two exports by one name',
      '(type (instance (export "a" (func)) (export "a" (func))))',
      /"a" is taken/,
    ],
    [
      'of a module with two imports by one name',
      '(core type (module (import "a" "b" (func)) (import "a" "b" (func))))',
      /two imports/,
    ],
    [
      'of a module in that of another',
      '(core type $m (module)) (core type (module (alias outer 1 $m (type))))',
      /within that of another/,
    ],
  ])('%s is refused', async (_what, text, message) => {
    expect(await refusalOf(text)).toEqual({
      code: 'INVALID',
      message: expect.stringMatching(message),
      offset: expect.any(Number),
    });
  });
});

describe('an index', () => {
  test.each([
    ['of a module', '(core instance (instantiate 0))', /core module 0 is used and none/],
    ['of a component', '(instance (instantiate 0))', /component 0/],
    ['of an instance', '(alias export 0 "a" (func))', /instance 0/],
    ['of a core instance', '(alias core export 0 "a" (core func))', /core instance 0/],
    ['of a function that is lowered', '(core func (canon lower (func 0)))', /func 0/],
    [
      'of a memory',
      '(type $t (func)) (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (func (type $t) (canon lift (core func $i "f") (memory 3)))',
      /core memory 3/,
    ],
    ['of an outer type', '(component (alias outer 1 0 (type)))', /type 0/],
    ['of a scope', '(component (alias outer 7 0 (type)))', /7 scopes outward where there are 1/],
    ['of itself', '(component $c (alias outer 1 0 (component)))', /component 0 is used and none/],
  ])('%s that nothing has is refused', async (_what, text, message) => {
    expect(await refusalOf(text)).toMatchObject({ code: 'INVALID', message: expect.stringMatching(message) });
  });
});

describe('an alias', () => {
  test.each([
    [
      'of what an instance has not',
      '(import "i" (instance $i)) (alias export $i "a" (func))',
      /no export "a"/,
    ],
    [
      'of another sort',
      '(import "i" (instance $i (export "a" (func)))) (alias export $i "a" (type))',
      /"a" of instance 0 is a func/,
    ],
    ['of what a core instance has not', `${libc} (alias core export $i "x" (core func))`, /no export "x"/],
    ['of another core sort', `${libc} (alias core export $i "memory" (core func))`, /is a memory/],
    [
      'of a resource from a component around it',
      '(type $r (resource (rep i32))) (component (alias outer 1 0 (type)))',
      /used in one that is nested/,
    ],
    [
      'of what holds such a resource',
      '(type $r (resource (rep i32))) (type $l (func (param "a" (list (own $r))))) (component (component (alias outer 2 $l (type))))',
      /used in one that is nested/,
    ],
  ])('%s is refused', async (_what, text, message) => {
    expect(await refusalOf(text)).toMatchObject({ code: 'INVALID', message: expect.stringMatching(message) });
  });
});

describe('an instance', () => {
  test.each([
    [
      'of a module without its argument',
      '(core module $m (import "a" "b" (func))) (core instance (instantiate $m))',
      /imports from "a"/,
    ],
    [
      'of a module without its import',
      '(core module $m (import "a" "b" (func))) (core module $n) (core instance $n (instantiate $n)) (core instance (instantiate $m (with "a" (instance $n))))',
      /"b" from "a"/,
    ],
    [
      'of a module given a function of another type',
      `${libc} (core module $n (import "a" "one" (func))) (core instance (instantiate $n (with "a" (instance $i))))`,
      /\(i32\) -> \(\) is given/,
    ],
    [
      'of a module given a memory that is too small',
      `${libc} (core module $n (import "a" "memory" (memory 2))) (core instance (instantiate $n (with "a" (instance $i))))`,
      /memory of 1 pages is given/,
    ],
    [
      'of a module given a constant global',
      `${libc} (core module $n (import "a" "g" (global (mut i32)))) (core instance (instantiate $n (with "a" (instance $i))))`,
      /constant global i32 is given/,
    ],
    [
      'of a module with two arguments by one name',
      `${libc} (core module $n) (core instance (instantiate $n (with "a" (instance $i)) (with "a" (instance $i))))`,
      /two arguments "a"/,
    ],
    [
      'of a component without its argument',
      `${wants('(func)')} (instance (instantiate $c))`,
      /no function "a"/,
    ],
    [
      'of a component given another sort',
      `${wants('(func)')} (component $d) (instance (instantiate $c (with "a" (component $d))))`,
      /a function is wanted, a component is given/,
    ],
    [
      'of a component given another function',
      `(import "f" (func $f (param "x" u8))) ${wants('(func (param "x" u16))')} (instance (instantiate $c (with "a" (func $f))))`,
      /type is another/,
    ],
    [
      'of a component given a function with other names',
      `(import "f" (func $f (param "x" u8))) ${wants('(func (param "y" u8))')} (instance (instantiate $c (with "a" (func $f))))`,
      /type is another/,
    ],
    [
      'of a component given an instance without an export',
      `(import "i" (instance $i)) ${wants('(instance (export "f" (func)))')} (instance (instantiate $c (with "a" (instance $i))))`,
      /"a": no function "f"/,
    ],
    [
      'of a component given no resource',
      `(type $t (record (field "a" u8))) ${wants('(type (sub resource))')} (instance (instantiate $c (with "a" (type $t))))`,
      /argument with the resource a is missing/,
    ],
    [
      'of a component given a function of another resource',
      `(import "r" (type $r (sub resource))) (import "q" (type $q (sub resource))) (import "f" (func $f (param "x" (own $q))))
       (component $c (import "r" (type $r (sub resource))) (import "f" (func (param "x" (own $r)))))
       (instance (instantiate $c (with "r" (type $r)) (with "f" (func $f))))`,
      /"f": its type is another/,
    ],
    [
      'of a component given a component that imports more',
      `(component $d (import "x" (func))) ${wants('(component)')} (instance (instantiate $c (with "a" (component $d))))`,
      /of its imports: no function "x"/,
    ],
    [
      'with two exports by one name',
      '(import "f" (func $f)) (instance (export "a" (func $f)) (export "A" (func $f)))',
      /"A" is taken/,
    ],
    [
      'with a method of no resource',
      '(import "f" (func $f)) (instance (export "[method]r.a" (func $f)))',
      /resource that is not here/,
    ],
  ])('%s is refused', async (_what, text, message) => {
    expect(await refusalOf(text)).toMatchObject({ code: 'INVALID', message: expect.stringMatching(message) });
  });
});

describe('a name', () => {
  test.each([
    ['that is none', '(import "a_b" (func))', /"a_b" is no name/],
    ['that is taken', '(import "a" (func)) (import "A" (func))', /"A" is taken/],
    [
      'that is taken by a static function',
      '(import "r" (type $r (sub resource))) (import "[static]r.r" (func))',
      /is taken/,
    ],
    [
      'of a method that is no function',
      '(import "r" (type (sub resource))) (import "[method]r.a" (instance))',
      /is no function/,
    ],
    [
      'of a method that does not take its resource',
      '(import "r" (type (sub resource))) (import "[method]r.a" (func (param "self" u8)))',
      /has to be "self"/,
    ],
    [
      'of a method that takes another resource',
      '(import "r" (type (sub resource))) (import "q" (type $q (sub resource))) (import "[method]r.a" (func (param "self" (borrow $q))))',
      /has to be "self"/,
    ],
    [
      'of a method whose first parameter has another name',
      '(import "r" (type $r (sub resource))) (import "[method]r.a" (func (param "me" (borrow $r))))',
      /has to be "self"/,
    ],
    [
      'of a constructor that makes something else',
      '(import "r" (type $r (sub resource))) (import "[constructor]r" (func (result u8)))',
      /has to result in its resource/,
    ],
    ['of a static function of no resource', '(import "[static]r.a" (func))', /resource that is not here/],
    [
      'that an export shares with another',
      '(import "f" (func $f)) (export "a" (func $f)) (export "a" (func $f))',
      /"a" is taken/,
    ],
  ])('%s is refused', async (_what, text, message) => {
    expect(await refusalOf(text)).toMatchObject({ code: 'INVALID', message: expect.stringMatching(message) });
  });
});

describe('an export', () => {
  test.each([
    [
      'that has not the type given to it',
      '(import "f" (func $f)) (export "a" (func $f) (func (param "x" u8)))',
      /not the type given/,
    ],
    [
      'of a core instance',
      `${libc} (core instance $j (export "a" (func $none))) (export "a" (core module 7))`,
      /core module 7/,
    ],
    [
      'that takes a resource without a name',
      `${libc} (type $r (resource (rep i32))) (func $f (param "a" (own $r)) (canon lift (core func $one))) (export "f" (func $f))`,
      /no name to the outside/,
    ],
  ])('%s is refused', async (_what, text, message) => {
    expect(await refusalOf(text)).toMatchObject({ code: 'INVALID', message: expect.stringMatching(message) });
  });

  test('of a core sort is refused', () => {
    const bytes = componentOf(section(2, [1, 0]), section(11, [0, 'a', 0, 0x12, 0, 0]));
    expect(errorOf(() => parseComponent(bytes))).toMatchObject({ code: 'INVALID', offset: 16 });
  });
});
