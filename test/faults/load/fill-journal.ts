import type { Load } from './load.ts'

/** The journal keeps a thousand requests. Before it does, each of them takes memory, and none that would not be given back. */
const kept = 1_000
const atOnce = 20

/** So many calls that a node's journal, and whatever else fills with its first requests, is full: memory is compared from there on. */
export async function fillJournal(load: Load): Promise<void> {
  const client = await load.connect()
  for (let called = 0; called < kept; called += atOnce)
    await Promise.all(Array.from({ length: atOnce }, client.call))
}
