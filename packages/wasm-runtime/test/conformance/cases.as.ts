// The 72 cases of wasi-testsuite's preview1 tests, one export each. AssemblyScript.
export * from './process-cases.as';
export * from './fd-cases.as';
export * from './path-cases.as';
export * from './link-cases.as';
