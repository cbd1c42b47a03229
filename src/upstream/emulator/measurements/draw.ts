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

/** FNV-1a over the UTF-16 units of a text behind what was hashed before it. */
function hashed(text: string, before: number): number {
  let state = before
  for (let index = 0; index < text.length; index += 1)
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  return state
}

/** The finalizer of MurmurHash3, which makes neighbouring texts differ in every bit. */
function mixed(hash: number): number {
  let state = hash
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}

export const round = (value: number, digits: number): number => {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}

/** @param before the hash of what is measured and the space behind it, so that it is hashed once for all that is drawn of it */
function drawBehind(before: number): Draw {
  const fraction = (field: string): number => mixed(hashed(field, before)) / 0x1_0000_0000
  return {
    fraction,
    number: (field, [low, high], digits) => round(low + fraction(field) * (high - low), digits),
    whole: (field, [low, high]) => low + Math.floor(fraction(field) * (high - low + 1)),
    hex: (field, length) => {
      const start = hashed(`${field} `, before)
      return Array.from({ length: Math.ceil(length / 8) }, (_, part) =>
        mixed(hashed(String(part), start))
          .toString(16)
          .padStart(8, '0'),
      )
        .join('')
        .slice(0, length)
    },
    of: (part) => drawBehind(hashed(`${part} `, before)),
  }
}

/** @param key what is measured, as `us1 110301 4 1893456000` */
export const drawOf = (key: string): Draw => drawBehind(hashed(`${key} `, 0x811c9dc5))
