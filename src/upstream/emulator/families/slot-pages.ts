import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Call } from '../call.ts'
import { slotOfId } from '../measurements/slot-id.ts'
import { type AskedBehind, byStart, type Started } from '../paging.ts'
import type { Draft } from '../state.ts'

/** Rows of one page, and the last of them if others follow. */
export interface SlotPage<Row> {
  readonly rows: readonly Row[]
  readonly last: Row | undefined
}

/**
 * A page of what happened in slots of time, the youngest first. Slots are worked out until the page is full, each in a turn of the
 * event loop of its own, as one may hold what befell thousands of tests and a list reaches back over hundreds of slots.
 * @param slots the newest first
 * @param rowsIn what of a slot the list asks for, the youngest first, all of it with ids of that slot
 */
export async function pageOfSlots<Row extends Started>(
  { size, behind }: AskedBehind,
  slots: readonly number[],
  rowsIn: InSlot<Row>,
): Promise<SlotPage<Row>> {
  const from = (behind && slotOfId(behind.id)) ?? Number.POSITIVE_INFINITY
  const rows: Row[] = []
  for (const slot of slots.filter((one) => one <= from)) {
    if (rows.length > size) break
    await nextTurn()
    const found = rowsIn(slot)
    rows.push(...(behind && slot === from ? found.filter((row) => byStart(behind, row) < 0) : found))
  }
  const page = rows.slice(0, size)
  return { rows: page, last: rows.length > size ? page.at(-1) : undefined }
}

/** What happened in a slot, worked out once for a call and the instant as of which it is told. */
export type InSlot<Row> = (slot: number) => readonly Row[]

/** @param make what works it out, once for each instant @returns the same for all who ask in one call */
export function oncePerCall<Row>(
  make: (call: Call, asOf: number) => InSlot<Row>,
): (call: Call, asOf: number) => InSlot<Row> {
  const known = new WeakMap<Draft, Map<string, InSlot<Row>>>()
  return (call, asOf) => {
    const ofCall = known.get(call.state) ?? new Map<string, InSlot<Row>>()
    known.set(call.state, ofCall)
    const key = `${call.aid} ${asOf}`
    const found = ofCall.get(key) ?? kept(make(call, asOf))
    ofCall.set(key, found)
    return found
  }
}

function kept<Row>(inSlot: InSlot<Row>): InSlot<Row> {
  const slots = new Map<number, readonly Row[]>()
  return (slot) => {
    const rows = slots.get(slot) ?? inSlot(slot)
    slots.set(slot, rows)
    return rows
  }
}

/** Works slots out ahead, each in a turn of the event loop of its own, for whoever asks for all of them at once. */
export async function workOut(slots: readonly number[], inSlot: InSlot<unknown>): Promise<void> {
  for (const slot of slots) {
    await nextTurn()
    inSlot(slot)
  }
}
