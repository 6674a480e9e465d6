/** `entryPoints`: relative to the package, as `src/cli/main.ts`, which becomes `cli/main.cjs` in `outdir`. */
export declare function bundle(entryPoints: readonly string[], outdir: string): Promise<void>;
