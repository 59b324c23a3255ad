/** The programs in a folder of that name beside this file. */
export type ProgramLanguage = 'go' | 'rust' | 'sqlite';
/** The folder with the compiled programs, made when it is not there. */
export declare function buildPrograms(language: ProgramLanguage): Promise<string>;
/** Whether {@link buildPrograms} has its result at hand, without a compiler. */
export declare function programsAreBuilt(language: ProgramLanguage): Promise<boolean>;
