/** The folder with `registry`, `oras`, `crane` and `referrers-registry`, built when it is not there. */
export declare function buildRegistryTools(): Promise<string>;
/** Whether {@link buildRegistryTools} has its result at hand, without a compiler. */
export declare function registryToolsAreBuilt(): Promise<boolean>;
