#!/usr/bin/env node
import process from 'node:process';
import { refuseNode } from './refuse-node.ts';

const refusal = refuseNode(process.versions.node);
if (refusal === undefined) {
  // Not imported above: an older Node.js does not get through it.
  await import('./main.ts');
} else {
  process.stderr.write(`error: ${refusal}\n`);
  process.exitCode = 1;
}
