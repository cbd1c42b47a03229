import type { Draw } from './draw.ts'

/** Keeps the numbers of slots from standing bare in ids. */
const mask = 0x5b6f_2c91

/**
 * A UUID (version 8, RFC 9562 §5.8) for something that happened in a slot of time. The slot can be read back, so that what an
 * id names is worked out again without a record of it.
 */
export function idInSlot(draw: Draw, slot: number): string {
  const time = ((slot ^ mask) >>> 0).toString(16).padStart(8, '0')
  const rest = draw.hex(`id ${slot}`, 22)
  const variant = (8 + draw.whole('variant', [0, 3])).toString(16)
  return `${time}-${rest.slice(0, 4)}-8${rest.slice(4, 7)}-${variant}${rest.slice(7, 10)}-${rest.slice(10, 22)}`
}

/** @returns undefined for what is no id of `idInSlot` */
export function slotOfId(id: string): number | undefined {
  const [, time] = /^([\da-f]{8})-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.exec(id) ?? []
  return time === undefined ? undefined : Number.parseInt(time, 16) ^ mask
}

/** The same as 48 upper-case hexadecimal digits, the form of outages (v7-notes section 3). */
export function hexIdInSlot(draw: Draw, slot: number): string {
  const time = ((slot ^ mask) >>> 0).toString(16).padStart(8, '0')
  return `${time}${draw.hex(`id ${slot}`, 40)}`.toUpperCase()
}

/** @returns undefined for what is no id of `hexIdInSlot` */
export function slotOfHexId(id: string): number | undefined {
  const [, time] = /^([\dA-F]{8})[\dA-F]{40}$/.exec(id) ?? []
  return time === undefined ? undefined : Number.parseInt(time, 16) ^ mask
}
