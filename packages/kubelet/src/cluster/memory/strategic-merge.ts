type Json = Readonly<Record<string, unknown>>;

/**
 * Kubernetes' strategic merge patch, as far as a kubelet's writes need it: maps are merged, `null` clears,
 * lists with a merge key are merged by it (also with `$patch: replace` and `$patch: delete`), other lists
 * are replaced.
 *
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMerge(current: Json, patch: Json): Json {
  const merged: Record<string, unknown> = { ...current };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null) delete merged[key];
    else merged[key] = mergeValue(merged[key], value, mergeKeys[key]);
  }
  return merged;
}

/** Merge keys of the lists in the statuses of nodes and pods and in metadata. */
const mergeKeys: Readonly<Record<string, string | undefined>> = {
  conditions: 'type',
  addresses: 'type',
  podIPs: 'ip',
  hostIPs: 'ip',
  ownerReferences: 'uid',
};

function mergeValue(current: unknown, patch: unknown, mergeKey: string | undefined): unknown {
  if (Array.isArray(patch)) {
    if (mergeKey === undefined) return patch;
    return mergeList(Array.isArray(current) ? (current as Json[]) : [], patch as Json[], mergeKey);
  }
  if (isMap(patch)) return strategicMerge(isMap(current) ? current : {}, patch);
  return patch;
}

function mergeList(current: readonly Json[], patch: readonly Json[], mergeKey: string): readonly Json[] {
  const isReplacement = patch.some((element) => element['$patch'] === 'replace');
  const merged: Json[] = isReplacement ? [] : [...current];
  for (const element of patch) {
    if (element['$patch'] === 'replace') continue;
    const index = merged.findIndex((other) => other[mergeKey] === element[mergeKey]);
    const other = merged[index];
    if (element['$patch'] === 'delete') {
      if (other !== undefined) merged.splice(index, 1);
    } else if (other === undefined) {
      merged.push(strategicMerge({}, element));
    } else {
      merged[index] = strategicMerge(other, element);
    }
  }
  return merged;
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
