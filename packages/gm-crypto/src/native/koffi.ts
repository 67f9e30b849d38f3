import { createRequire } from 'node:module'

export type Koffi = typeof import('koffi')

let found: Koffi | undefined

/**
 * The FFI library, loaded on first use: where it has no binary for the platform, what can do without it still works.
 * @throws Error when it does not load
 */
export function loadKoffi(): Koffi {
  found ??= createRequire(import.meta.url)('koffi') as Koffi
  return found
}
