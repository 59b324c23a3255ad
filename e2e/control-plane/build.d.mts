/** The names that the one binary answers to. */
export declare const components: readonly string[];
/** The folder with the control plane's binaries, built when it is not there. */
export declare function buildControlPlane(): Promise<string>;
/** Whether {@link buildControlPlane} has its result at hand, without a compiler. */
export declare function controlPlaneIsBuilt(): Promise<boolean>;
