import type { Provider } from '../provider.ts';

/** What is run to see something happen. A reference with what makes it do that. */
export interface ComplianceGuest {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

/** A provider to be tried, with what it can run. */
export interface ComplianceSetup extends AsyncDisposable {
  /** Nothing has been pulled or opened yet. Disposing it is left to the setup. */
  readonly provider: Provider;
  /** An empty directory for pods and logs; absolute. */
  readonly directory: string;
  /** Prints `line` to standard output and ends with 0. */
  readonly printer: ComplianceGuest & { readonly line: string };
  /** Ends with `exitCode`, which is neither 0 nor one of those that mean something (128 and above). */
  readonly failing: ComplianceGuest & { readonly exitCode: number };
  /** Runs until it is stopped. */
  readonly lasting: ComplianceGuest;
  /** Ends as a program does that has gone wrong. Absent where guests cannot. */
  readonly trapping?: ComplianceGuest;
  /** Prints `NAME=VALUE` for each of its variables, somewhere in a line of its own each. Absent where guests cannot. */
  readonly environment?: ComplianceGuest;
  /** Prints the content of the file. Absent where guests have no files. */
  readonly reading?: (path: string) => ComplianceGuest;
  /** Writes something into the file, and ends with 0 also when it may not. Absent where guests have no files. */
  readonly writing?: (path: string) => ComplianceGuest;
  /** A reference that is well formed and leads to nothing. */
  readonly absentImage: string;
  /** Something that is no reference. */
  readonly invalidImage: string;
}
