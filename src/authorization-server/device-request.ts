import { agoInWords } from '#http/time-in-words.ts'

/** Where a device authorization came from, so that people notice one that they did not start (RFC 8628 §5.4, BCP 247). */
export interface DeviceRequest {
  /** With the mask put back: `LBJW-MLHV`. */
  readonly userCode: string
  /** The address that asked; undefined when it was not kept. */
  readonly address: string | undefined
  /** The address of the browser that is asked now. */
  readonly browserAddress: string
  /** What the device called itself (`User-Agent`); undefined when it said nothing. */
  readonly userAgent: string | undefined
  readonly askedSecondsAgo: number
}

/** Ours: whoever started a request has usually typed its code by then. */
const lateSeconds = 300

/** Says no more than that two addresses are the same or are not: neither says where anybody is. */
function comparedInWords({ address, browserAddress }: DeviceRequest): string {
  if (address === undefined) return 'The address was not kept.'
  return address === browserAddress
    ? 'The same address as this browser’s.'
    : `Another address than this browser’s, which is ${browserAddress}.`
}

/** @param now the engine's clock, epoch ms */
export function deviceRequestOf(
  code: { readonly deviceInfo?: unknown; readonly iat?: number },
  shown: { readonly userCode: string; readonly browserAddress: string },
  now: number,
): DeviceRequest {
  const told = (code.deviceInfo ?? {}) as { ip?: unknown; ua?: unknown }
  return {
    ...shown,
    address: typeof told.ip === 'string' ? told.ip : undefined,
    userAgent: typeof told.ua === 'string' && told.ua !== '' ? told.ua.slice(0, 200) : undefined,
    askedSecondsAgo: Math.max(0, Math.floor(now / 1000) - (code.iat ?? 0)),
  }
}

/** @returns what the pages of the device flow show of the request */
export const deviceInWords = (device: DeviceRequest): object => ({
  userCode: device.userCode,
  userAgent: device.userAgent,
  address: device.address ?? 'unknown',
  compared: comparedInWords(device),
  asked: agoInWords(device.askedSecondsAgo),
  isLate: device.askedSecondsAgo > lateSeconds,
})
