import { join } from 'node:path'
import { certificateFile, certificateNames, localCertificate, readCertificate } from '../../certificate.ts'
import type { Check, Examination } from './examination.ts'
import { type Finding, findingsOn, messageOf } from './finding.ts'

const dayMs = 86_400_000
/** From here on it is time to think of the clients that trust it. */
const soonDays = 30

const on = findingsOn('certificate')

function keptFinding(directory: string, names: readonly string[], now: number): Finding | undefined {
  const kept = readCertificate(directory, names)
  if (!kept) return undefined
  const path = join(directory, certificateFile)
  const day = new Date(kept.expiresAt).toISOString().slice(0, 10)
  const renewal = 'the next start replaces it, and clients must be given the new one'
  if (kept.missing.length > 0) return on.warn(`${path} is not for ${kept.missing.join(', ')}; ${renewal}`)
  if (kept.expiresAt <= now) return on.warn(`${path} has expired on ${day}; ${renewal}`)
  const daysLeft = Math.floor((kept.expiresAt - now) / dayMs)
  const words = `${path} is for ${names.join(', ')}, until ${day}: ${daysLeft} days left`
  return daysLeft < soonDays ? on.warn(`${words}; remove it before a start to get a new one`) : on.ok(words)
}

async function findingOf({ settings, machine, origin }: Examination): Promise<Finding> {
  const names = certificateNames(origin, settings.allowedHosts)
  const directory = settings.data
  if (directory !== undefined) {
    const kept = keptFinding(directory, names, machine.now())
    if (kept) return kept
  }
  const now = machine.now()
  await localCertificate({ directory: undefined, hostnames: names, now, machineNow: now })
  return directory === undefined
    ? on.warn(
        'made anew by each start, so that no client can trust it beforehand; add --data DIR to keep one',
      )
    : on.ok(`${join(directory, certificateFile)} is made by the first start, for ${names.join(', ')}`)
}

/** With --tls: the certificate that is kept serves, or one can be made. Makes none that stays. */
export const checkTls: Check = async (examination) => {
  if (!examination.settings.tls) {
    const isHttps = examination.origin.protocol === 'https:'
    const words = isHttps
      ? 'none here: with an origin of https another server in front must end TLS, or add --tls'
      : 'none: --tls is off, and clients that are written for https cannot come here'
    return [on.ok(words)]
  }
  try {
    return [await findingOf(examination)]
  } catch (error) {
    return [on.fail(messageOf(error))]
  }
}
