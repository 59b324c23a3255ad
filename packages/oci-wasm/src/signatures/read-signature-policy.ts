import { dirname } from 'node:path';
import { readYamlFile } from '../config/yaml-file.ts';
import { parseImageGlob } from './image-glob.ts';
import { type PolicyPlace, policyPlace } from './policy-place.ts';
import type { ImagePolicy, SignatureAuthority, SignaturePolicy } from './signature-policy.ts';

/**
 * Reads a policy from a file, YAML or JSON; files that it names are looked for beside it.
 *
 * Rejects with `OciError` `INVALID_CONFIG`, naming the file and the place in it.
 */
export async function readSignaturePolicy(file: string): Promise<SignaturePolicy> {
  const value = await readYamlFile(file, policyPlace(file, '').invalid);
  return parseSignaturePolicy(value, { name: file, directory: dirname(file) });
}

/** Options of {@link parseSignaturePolicy}. */
export interface ParsePolicyOptions {
  /** Of the policy, for messages. @default 'the signature policy' */
  readonly name?: string;
  /** Where files that it names are looked for. @default the working directory */
  readonly directory?: string;
}

/**
 * Reads a policy from what YAML or JSON gave: `{ policies: [{ name, images: [{ glob }], authorities }], default }`, its
 * rules as in a ClusterImagePolicy. `default`, for images that no rule is for, is `fail` unless it says `pass`.
 *
 * Rejects with `OciError` `INVALID_CONFIG`, naming the place.
 */
export async function parseSignaturePolicy(
  value: unknown,
  { name = 'the signature policy', directory = '.' }: ParsePolicyOptions = {},
): Promise<SignaturePolicy> {
  const place = policyPlace(name, directory);
  const { policies, default: fallback = 'fail' } = place.fields(value, ['policies', 'default']);
  if (fallback !== 'pass' && fallback !== 'fail') {
    throw place.at('default').invalid('must be "pass" or "fail", for images that no policy is for');
  }
  const rules: ImagePolicy[] = [];
  for (const [rule, here] of policies === undefined ? [] : place.at('policies').entries(policies)) {
    rules.push(await readRule(rule, `policies[${rules.length}]`, here));
  }
  const names = rules.map((rule) => rule.name);
  const twice = names.find((other, index) => names.indexOf(other) !== index);
  if (twice !== undefined) throw place.at('policies').invalid(`two have the name "${twice}"`);
  return { policies: rules, default: fallback };
}

async function readRule(value: unknown, path: string, place: PolicyPlace): Promise<ImagePolicy> {
  const { name = path, images, authorities } = place.fields(value, ['name', 'images', 'authorities']);
  const globs = place
    .at('.images')
    .entries(images)
    .map(([image, here]) => {
      const text = here.at('.glob').text(here.fields(image, ['glob']).glob);
      const glob = parseImageGlob(text);
      if ('problem' in glob) throw here.at('.glob').invalid(`"${text.slice(0, 100)}" ${glob.problem}`);
      return glob;
    });
  // What reads keys and trust roots takes time and memory to load.
  const { readAuthority } = await import('./read-authority.ts');
  const read: SignatureAuthority[] = [];
  for (const [authority, here] of place.at('.authorities').entries(authorities)) {
    read.push(await readAuthority(authority, `authority-${read.length}`, here));
  }
  return { name: place.at('.name').text(name), images: globs, authorities: read };
}
