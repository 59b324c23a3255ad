// A module under node:wasi with one directory: `node node-wasi-directory.mjs MODULE DIRECTORY`.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { WASI } from 'node:wasi';

const [, , module, directory] = process.argv;
const wasi = new WASI({ version: 'preview1', returnOnExit: true, preopens: { '/': directory } });
const { instance } = await WebAssembly.instantiate(readFileSync(module), wasi.getImportObject());
process.exitCode = wasi.start(instance);
