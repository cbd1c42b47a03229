import { readFileSync } from 'node:fs'

/** @returns the version of this package, as in its package.json */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
