import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificateFile } from '../../certificate.ts'
import type { CommonSettings } from '../../settings.ts'
import { type Answer, type Machine, type Neighbour, type Question, reachable } from './examination.ts'

/** @returns the members of a JSON object; none when a body is anything else */
function membersOf({ status, body }: Answer): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(body)
    return status === 200 && typeof document === 'object' && document !== null ? { ...document } : {}
  } catch {
    return {}
  }
}

const isPanoptes = (metadata: Answer): boolean =>
  String(membersOf(metadata)['device_authorization_endpoint']).endsWith('/v7/oauth2/device/authorization')

function movedIn(reading: Answer | undefined): Neighbour['moved'] {
  const { aheadSeconds, frozen } = reading ? membersOf(reading) : {}
  return typeof aheadSeconds === 'number' ? { aheadSeconds, frozen: frozen === true } : undefined
}

/**
 * Asks at the port where this one would listen.
 * @param origin the canonical one, by whose name it is asked @returns undefined when no Panoptes answers there
 */
export async function neighbourOf(
  settings: CommonSettings,
  origin: URL,
  machine: Machine,
): Promise<Neighbour | undefined> {
  const { host, port, tls, data } = settings
  if (port === 0) return undefined
  const certificate = data === undefined ? undefined : join(data, certificateFile)
  const question: Omit<Question, 'path'> = {
    protocol: tls ? 'https:' : 'http:',
    address: reachable(host),
    port,
    host: origin.host,
    ca: certificate !== undefined && existsSync(certificate) ? readFileSync(certificate, 'utf8') : undefined,
  }
  const metadata = await machine.ask({ ...question, path: '/.well-known/oauth-authorization-server' })
  if (!metadata || !isPanoptes(metadata)) return undefined
  return { at: metadata.at, moved: movedIn(await machine.ask({ ...question, path: '/emulator/clock' })) }
}
