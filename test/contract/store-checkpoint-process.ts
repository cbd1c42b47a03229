/**
 * One of the processes on a file that are killed at any moment: opens it, commits while its checkpoint rises as fast as it can, and closes it,
 * again and again. Run with the path as JSON; says `ready` before it opens the file for the second time.
 */
import { randomBytes } from 'node:crypto'
import { systemClock } from '#domain/clock.ts'
import { openSqliteStore } from '#store/sqlite.ts'

const path = JSON.parse(process.argv[2] ?? '') as string

function atOnce(_: number, work: () => void): () => void {
  const immediate = setImmediate(work)
  return () => clearImmediate(immediate)
}

for (let lives = 0; ; lives += 1) {
  if (lives === 1) process.send?.('ready')
  const { store } = openSqliteStore({ path, clock: systemClock, random: randomBytes, after: atOnce })
  for (let commits = 0; commits < 20; commits += 1) {
    const expiresAt = systemClock.now() + 600_000
    await store.commit([{ kind: 'put', key: 'counter', value: `${commits}`, expiresAt, expected: 'any' }])
  }
  await store.close()
}
