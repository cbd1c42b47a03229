import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { openMemoryStore } from '#store/memory.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { describeStore } from './store.contract.ts'

describeStore('memory', async () => {
  const clock = fakeClock()
  const { store } = openMemoryStore({ clock, random: randomBytes })
  onTestFinished(() => store.close())
  // It belongs to one process, where whoever needs it shares the same one.
  return { store, another: async () => store, clock }
})
