/** Of `engines` in package.json. */
const [oldestMajor, oldestMinor] = [24, 20];

/** Why wasmlet does not run on a version of Node.js, like `20.20.2`; nothing where it does. */
export function refuseNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isSupported = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  return isSupported
    ? undefined
    : `wasmlet needs Node.js ${oldestMajor}.${oldestMinor} or newer, and this is ${version}`;
}
