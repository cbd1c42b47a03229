/**
 * Numbers that look measured and never change: each is worked out from what it measures (test, agent, round, field), so that
 * the same objects and the same clock give the same numbers, in every process and after every start. Nothing is kept.
 */
export interface Draw {
  /** From 0 up to but not 1. */
  fraction(field: string): number
  /** Between both, with so many digits behind the point. */
  number(field: string, span: readonly [low: number, high: number], digits: number): number
  /** A whole number, both ends included. */
  whole(field: string, span: readonly [low: number, high: number]): number
  /** So many hexadecimal digits. */
  hex(field: string, length: number): string
  /** A draw of its own for a part. */
  of(part: string | number): Draw
}

/** FNV-1a over the UTF-16 units, then the finalizer of MurmurHash3, which makes neighbouring texts differ in every bit. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1)
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}

export const round = (value: number, digits: number): number => {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}

/** @param key what is measured, as `us1 110301 4 1893456000` */
export function drawOf(key: string): Draw {
  const fraction = (field: string): number => hash(`${key} ${field}`) / 0x1_0000_0000
  return {
    fraction,
    number: (field, [low, high], digits) => round(low + fraction(field) * (high - low), digits),
    whole: (field, [low, high]) => low + Math.floor(fraction(field) * (high - low + 1)),
    hex: (field, length) =>
      Array.from({ length: Math.ceil(length / 8) }, (_, part) =>
        hash(`${key} ${field} ${part}`).toString(16).padStart(8, '0'),
      )
        .join('')
        .slice(0, length),
    of: (part) => drawOf(`${key} ${part}`),
  }
}
