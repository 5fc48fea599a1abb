// WebCrypto, which is global everywhere but in Node 18. Named by a variable: bundlers for browsers must not look for it.

const NODE = "node:crypto";

/** Resolves to WebCrypto. */
export async function webCrypto() {
  return globalThis.crypto ?? (await import(/* webpackIgnore: true */ /* @vite-ignore */ NODE)).webcrypto;
}
