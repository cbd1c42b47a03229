/** Wraps the tokens of a SQLite file anew, round by round, each told to the parent, who kills it in the middle. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '#domain/clock.ts'
import { isRefusal } from '#domain/refusal.ts'
import { openStore } from '#store/open-store.ts'
import { keyNamed, vaultOn } from './open-vault.ts'

const path = process.argv[2] ?? ''
const { store } = await openStore({ kind: 'sqlite', path }, { clock: systemClock, random: randomBytes })
const { work } = vaultOn(store, [keyNamed('b'), keyNamed('a')])
for (let after: string | undefined = ''; after !== undefined; ) {
  const round: Awaited<ReturnType<typeof work.rewrap>> = await work.rewrap(after)
  if (isRefusal(round)) throw new Error(round.description)
  process.send?.(round)
  after = round.after
}
await store.close()
process.disconnect()
