import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new data directory that is gone when its scope ends. */
export function keptOnDisk(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'panoptes-data-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
