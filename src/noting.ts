import type { OpenTraffic } from '#traffic/open-traffic.ts'

const textOf = (entry: object, name: string): string | undefined => {
  const value: unknown = Reflect.get(entry, name)
  return typeof value === 'string' ? value : undefined
}

/** @returns a log that also tells the journal why a request was refused, where the entry says which request it is about */
export function noting(
  traffic: Pick<OpenTraffic, 'note'>,
  log: (entry: object) => void,
): (entry: object) => void {
  return (entry) => {
    const requestId = textOf(entry, 'requestId') ?? textOf(entry, 'request')
    const event = textOf(entry, 'event')
    if (requestId !== undefined && event !== undefined) {
      const code = textOf(entry, 'code') ?? textOf(entry, 'error')
      const detail = textOf(entry, 'detail') ?? textOf(entry, 'note')
      traffic.note(requestId, {
        event,
        ...(code === undefined ? {} : { code }),
        ...(detail === undefined ? {} : { detail }),
      })
    }
    log(entry)
  }
}
