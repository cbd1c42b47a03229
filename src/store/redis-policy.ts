/**
 * With any eviction policy but one Redis drops records to make room, acknowledged ones too: what was revoked stays revoked, as a
 * token needs its record, but people lose connections without a trace. Such a Redis is not used (reliability R20).
 */

/** @param memory the section of that name of Redis' INFO @returns what is wrong with it, undefined when nothing is */
export function wrongPolicy(memory: string): string | undefined {
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1]
  return policy === undefined || policy === 'noeviction'
    ? undefined
    : `its maxmemory-policy is ${policy}; allowed is noeviction`
}

export interface PolicyWatch {
  /** What is wrong now. */
  reason(): string | undefined
  /** Looks at once. Silence changes nothing: the commands tell of that. */
  look(): Promise<void>
  stop(): void
}

const lookEveryMilliseconds = 2_000

/** Somebody may change the policy, or another server may take over, at any time. @param memory asks Redis */
export function watchPolicy(memory: () => Promise<string>): PolicyWatch {
  let reason: string | undefined
  const look = async (): Promise<void> => {
    try {
      reason = wrongPolicy(await memory())
    } catch {
      // Not connected, or INFO is not for this user.
    }
  }
  const timer = setInterval(() => void look(), lookEveryMilliseconds)
  timer.unref()
  return { reason: () => reason, look, stop: () => clearInterval(timer) }
}
