/** The folder with the components, built when it is not there. */
export declare function buildComponents(): Promise<string>;
/** Whether {@link buildComponents} has its result at hand. */
export declare function componentsAreBuilt(): Promise<boolean>;
