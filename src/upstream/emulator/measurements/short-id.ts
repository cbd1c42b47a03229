import type { Draw } from './draw.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

const base = BigInt(alphabet.length)

/** Eight letters and digits, as page ids have. */
export function shortId(draw: Draw, field: string): string {
  let rest = BigInt(`0x${draw.hex(field, 16)}`)
  return Array.from({ length: 8 }, () => {
    const letter = alphabet.charAt(Number(rest % base))
    rest /= base
    return letter
  }).join('')
}
