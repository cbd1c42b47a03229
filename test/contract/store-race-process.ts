/**
 * One of the processes that race for one record: counts it up, by compare-and-set, as often as it was told,
 * and keeps a twin of it that always says the same.
 * Run with the settings of the store as JSON; speaks to its parent through messages.
 */
import { randomBytes } from 'node:crypto'
import { systemClock } from '#domain/clock.ts'
import { openStore, type StoreSettings } from '#store/open-store.ts'

const settings = JSON.parse(process.argv[2] ?? '') as StoreSettings
const { store } = await openStore(settings, { clock: systemClock, random: randomBytes })

/** @returns how often the record stood otherwise than it was read */
async function countUp(times: number): Promise<number> {
  let conflicts = 0
  for (let done = 0; done < times; ) {
    const [record] = await store.read(['counter'])
    const value = `${Number(record?.value ?? 0) + 1}`
    const expected = record?.version ?? 'absent'
    const expiresAt = systemClock.now() + 600_000
    const outcome = await store.commit([
      { kind: 'put', key: 'counter', value, expiresAt, expected },
      { kind: 'put', key: 'twin', value, expiresAt, expected: 'any' },
    ])
    if (outcome === 'committed') {
      done += 1
      process.send?.({ committed: Number(value) })
    } else conflicts += 1
  }
  return conflicts
}

process.once('message', async (times) => {
  const conflicts = await Promise.all([1, 2, 3, 4].map(() => countUp(Number(times) / 4)))
  await store.close()
  process.send?.({ conflicts: conflicts.reduce((sum, more) => sum + more, 0) })
  process.disconnect()
})
process.once('disconnect', () => process.exit())
process.send?.('ready')
