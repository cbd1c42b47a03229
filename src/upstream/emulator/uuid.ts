import type { Surroundings } from './call.ts'

/** A random UUID (version 4, RFC 9562 §5.4), the form of most ids that are no numbers (v7-notes section 3). */
export function uuid({ randomBytes }: Pick<Surroundings, 'randomBytes'>): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
