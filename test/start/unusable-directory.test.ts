import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startPanoptes } from '../support/panoptes.ts'

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-data-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A file where a directory is asked for, itself or above it; and a place where the system lets nobody make one. */
const unusable = ['file', 'file/below', '/proc/panoptes/below']

describe('--data', () => {
  test('makes the directory with its parents, for its owner alone', async () => {
    const directory = join(freshFolder(), 'parent', 'data')
    await using _service = await startPanoptes(['--data', directory])
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  test.each(unusable)('is refused when it is %s', async (path) => {
    const folder = freshFolder()
    writeFileSync(join(folder, 'file'), '')
    const directory = path.startsWith('/') ? path : join(folder, path)
    await expect(startPanoptes(['--data', directory])).rejects.toThrow(
      `--data: found ${directory}; allowed is a directory that this process can write to`,
    )
  })
})
