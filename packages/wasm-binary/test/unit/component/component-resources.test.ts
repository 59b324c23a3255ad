import { describe, expect, test } from 'vitest';
import { type Component, parseComponent } from '../../../src/index.ts';
import { componentOfText } from '../../fixtures/component-of-text.ts';

const parsed = async (text: string): Promise<Component> => parseComponent(await componentOfText(text));

describe('resources', () => {
  const counter = `
    (component $counter
      (core module $m (func (export "dtor") (param i32)) (func (export "make") (result i32) unreachable)
        (func (export "value") (param i32) (result i32) unreachable))
      (core instance $i (instantiate $m))
      (type $r (resource (rep i32) (dtor (core func $i "dtor"))))
      (core func $new (canon resource.new $r))
      (core func $rep (canon resource.rep $r))
      (core func $drop (canon resource.drop $r))
      (export $r2 "counter" (type $r))
      (func $make (result (own $r2)) (canon lift (core func $i "make")))
      (func $value (param "self" (borrow $r2)) (result u32) (canon lift (core func $i "value")))
      (export "[constructor]counter" (func $make))
      (export "[method]counter.value" (func $value)))`;

  test('of a guest are made, told apart by instance and named by paths', async () => {
    const { definitions, exports, type } = await parsed(`${counter}
      (instance $a (instantiate $counter))
      (instance $b (instantiate $counter))
      (export "a" (instance $a))
      (export "b" (instance $b))`);
    const instances = definitions.filter((one) => one.kind === 'instance');
    const resources = instances.map((one) => (one.from === 'component' ? one.resources : []));
    expect(resources).toMatchObject([[{ path: ['counter'] }], [{ path: ['counter'] }]]);
    const [a, b] = resources.map(([one]) => one?.resource ?? 0);
    expect(a).not.toBe(b);
    expect(type.resources).toEqual([
      { resource: a, path: ['a', 'counter'] },
      { resource: b, path: ['b', 'counter'] },
    ]);
    expect(exports[1]?.type).toMatchObject({
      exports: [
        { type: { type: { kind: 'resource', resource: b } } },
        { type: { result: { kind: 'own', resource: b } } },
        { type: { params: [{ type: { kind: 'borrow', resource: b } }] } },
      ],
    });
  });

  test('of one instance are given to another component', async () => {
    const user = `
      (component $user
        (import "counter" (instance $counter
          (export "counter" (type $r (sub resource)))
          (export "[method]counter.value" (func (param "self" (borrow $r)) (result u32)))))
        (alias export $counter "counter" (type $r))
        (alias export $counter "[method]counter.value" (func $value))
        (export "total" (func $value)))`;
    const { definitions, type } = await parsed(`${counter} ${user}
      (instance $c (instantiate $counter))
      (instance $u (instantiate $user (with "counter" (instance $c))))
      (alias export $c "counter" (type $r))
      (export "counter" (type $r))
      (export "u" (instance $u))`);
    const [made] = definitions.flatMap((one) =>
      one.kind === 'instance' && one.from === 'component' ? one.resources : [],
    );
    expect(type.exports[1]?.type).toMatchObject({
      exports: [
        { name: 'total', type: { params: [{ type: { kind: 'borrow', resource: made?.resource } }] } },
      ],
    });
  });

  test('of an instance may be hidden by the type of its export, of which they are what it leaves open', async () => {
    const { exports } = await parsed(`${counter}
      (instance $c (instantiate $counter))
      (export "c" (instance $c) (instance
        (export "counter" (type $r (sub resource)))
        (export "[method]counter.value" (func (param "self" (borrow $r)) (result u32)))))`);
    const [shown] = exports;
    expect(shown?.resources).toMatchObject([{ path: ['counter'] }]);
    expect(shown?.type).toMatchObject({
      exports: [
        {},
        { type: { params: [{ type: { kind: 'borrow', resource: shown?.resources[0]?.resource } }] } },
      ],
    });
  });

  test('of an export may be hidden by its type', async () => {
    const { exports } = await parsed(`
      (type $r (resource (rep i32)))
      (export "r1" (type $r))
      (export "r2" (type $r) (type (sub resource)))`);
    const [shown, hidden] = exports.map(({ type }) => type);
    expect(hidden).not.toEqual(shown);
    expect(exports.map(({ resources }) => resources)).toMatchObject([[], [{ path: [] }]]);
  });
});
