/** Media types of manifests (OCI image-spec, and docker's for what is found in the wild). */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

const manifestTypes: readonly string[] = Object.values(mediaTypes);

/** Manifests and indexes: registries keep them apart from blobs. */
export function isManifestType(mediaType: string): boolean {
  return manifestTypes.includes(mediaType);
}

/** Layers that only their makers may hand out; whoever needs them fetches them from there. */
export function isNondistributable(mediaType: string): boolean {
  return (
    mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.') ||
    mediaType.startsWith('application/vnd.docker.image.rootfs.foreign.')
  );
}

/** In the order of preference. */
export const acceptManifests = manifestTypes.join(', ');

/** Customary bound of registries and clients. */
export const maxManifestBytes = 4 * 1024 * 1024;
