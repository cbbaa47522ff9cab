/** What the kernel needs of WebAssembly's interface, which only the types of browsers describe. */
declare namespace WebAssembly {
  /** Compiled, and not yet bound to a memory. */
  interface Compiled {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: new (bytes: Uint8Array) => Compiled;
  class Memory {
    constructor(descriptor: { initial: number });
    readonly buffer: ArrayBuffer;
    /** @returns pages of 64 KiB before */
    grow(pages: number): number;
  }
  class Instance {
    constructor(module: Compiled, imports: Record<string, Record<string, Memory>>);
    readonly exports: Record<string, unknown>;
  }
}
