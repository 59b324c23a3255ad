import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfigFile } from '../../src/config/config-file.ts';

describe('the configuration file', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'wasmlet-config-'));
  });
  afterEach(async () => {
    await rm(home, { recursive: true });
  });
  const put = async (path: string, text: string): Promise<string> => {
    const file = join(home, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
    return file;
  };

  test('is optional', async () => {
    expect(await readConfigFile(undefined, home)).toEqual({});
  });
  test('may be YAML or JSON', async () => {
    expect(await readConfigFile(await put('a.yaml', 'nodeName: a\nnodeLabels: {x: y}\n'), home)).toEqual({
      nodeName: 'a',
      nodeLabels: { x: 'y' },
    });
    expect(await readConfigFile(await put('a.json', '{"listenerPort": 3001}'), home)).toEqual({
      listenerPort: 3001,
    });
  });
  test('is Krustlet’s where ours is absent, unknown keys ignored', async () => {
    await put('.krustlet/config/config.json', '{"nodeName": "k", "node_labels": "ignored"}');
    expect(await readConfigFile(undefined, home)).toMatchObject({ nodeName: 'k' });
    await put('.wasmlet/config/config.yaml', 'nodeName: w');
    expect(await readConfigFile(undefined, home)).toEqual({ nodeName: 'w' });
  });
  test.each([
    ['an unknown key', 'nodeNaem: x', /nodeNaem/],
    ['a wrong type', 'nodeLabels: 3', /nodeLabels/],
    ['broken YAML', 'a: [', /cannot be parsed/],
  ])('names the file and the place of %s', async (_title, text, message) => {
    const path = await put('bad.yaml', text);
    await expect(readConfigFile(path, home)).rejects.toThrow(message);
    await expect(readConfigFile(path, home)).rejects.toThrow(path);
  });
  test('must exist when it was named', async () => {
    await expect(readConfigFile(join(home, 'none.yaml'), home)).rejects.toThrow('cannot be read');
  });
});
