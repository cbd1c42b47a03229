import { setImmediate as nextTurn } from 'node:timers/promises'
import { slotOfId } from '../measurements/slot-id.ts'
import { type AskedBehind, byStart, type Started } from '../paging.ts'

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
  rowsIn: (slot: number) => readonly Row[],
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
