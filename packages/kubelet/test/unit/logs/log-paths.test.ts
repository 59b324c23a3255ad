import { describe, expect, test } from 'vitest';
import { logPath, podDirectory, volumesDirectory } from '../../../src/logs/log-paths.ts';

describe('a pod’s files', () => {
  test('are below its uid', () => {
    expect(podDirectory('/d', 'u-1')).toBe('/d/pods/u-1');
    expect(volumesDirectory('/d', 'u-1')).toBe('/d/pods/u-1/volumes');
    expect(logPath('/d', 'u-1', 'web', 3)).toBe('/d/pods/u-1/logs/web/3.log');
  });

  test.each(['', '.', '..', 'a/b', '../x', 'a\0b', 'a\\b', 'x'.repeat(256)])('are never named %j', (name) => {
    expect(() => podDirectory('/d', name)).toThrow(RangeError);
    expect(() => logPath('/d', 'u', name, 0)).toThrow(RangeError);
  });

  test.each([-1, 0.5, Number.NaN])('have no run number %d', (attempt) => {
    expect(() => logPath('/d', 'u', 'c', attempt)).toThrow(RangeError);
  });
});
