/** What a component broke of the rules that hold between components and hosts, as the reason of its trap. */
export class ComponentTrap extends Error {
  override readonly name = 'ComponentTrap';
}
