/** How large a crowd may be: as large as it is let, until it stays. Then as many as left in a span, whatever a request costs this machine. */
export interface Crowd {
  /** @param size how many there are now @returns how many there may be */
  bound(size: number): number
  /** One of them is done with. */
  left(): void
}

export interface CrowdParts {
  readonly most: number
  /** So many there may be on any machine: a test suite waits rather than fails. */
  readonly least: number
  /** What is in the crowd is done with after about so long. */
  readonly spanMs: number
  /** Machine time in ms. */
  readonly now: () => number
}

export function openCrowd({ most, least, spanMs, now }: CrowdParts): Crowd {
  let bound = most
  /** Since when there are more than on any machine, or since the bound was looked at. */
  let since: number | undefined
  let gone = 0

  function begin(): void {
    since = now()
    gone = 0
  }

  return {
    bound(size) {
      if (size <= least / 4) {
        // Not before: those that are turned away make it smaller too, and let in as many as before it would only grow again.
        since = undefined
        bound = most
      } else if (since === undefined) {
        if (size > least) begin()
      } else if (now() - since >= spanMs) {
        bound = Math.min(most, Math.max(least, gone))
        begin()
      }
      return bound
    },
    left() {
      gone += 1
    },
  }
}
