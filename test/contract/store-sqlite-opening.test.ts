import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#domain/clock.ts'
import { openStore } from '#store/open-store.ts'

/** The lock may be held by a store of this process, which gives it back only when the event loop goes on. */
test('a file whose lock is held is opened once this process has given the lock back', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-opening-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const settings = { kind: 'sqlite', path: join(directory, 'panoptes.db') } as const
  const parts = { clock: systemClock, random: randomBytes }
  const { store: first } = await openStore(settings, parts)
  using holder = new DatabaseSync(settings.path)
  holder.exec('BEGIN IMMEDIATE')
  const opening = openStore(settings, parts)
  setTimeout(() => holder.exec('ROLLBACK'), 300)
  const { store: second } = await opening
  expect(holder.isTransaction).toBe(false)
  await second.close()
  await first.close()
})
