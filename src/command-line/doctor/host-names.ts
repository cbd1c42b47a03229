import { isIP } from 'node:net'
import { certificateNames } from '../../certificate.ts'
import { type Check, type Examination, isLoopback } from './examination.ts'
import { type Finding, findingsOn } from './finding.ts'

const hostsFileOf = (platform: NodeJS.Platform): string =>
  platform === 'win32' ? String.raw`C:\Windows\System32\drivers\etc\hosts` : '/etc/hosts'

async function findingOn(name: string, { machine }: Examination): Promise<Finding> {
  const on = findingsOn(`host name ${name}`)
  const own = machine.addresses()
  const isHere = (address: string): boolean => isLoopback(address) || own.includes(address)
  if (isIP(name) !== 0)
    return isHere(name) ? on.ok('an address of this machine') : on.warn('no address of this machine')
  const addresses = await machine.resolve(name)
  const found = addresses.find(isHere)
  if (found !== undefined) return on.ok(`leads to ${found}, which is this machine`)
  const leads =
    addresses.length === 0 ? 'leads nowhere' : `leads to ${addresses.join(', ')}, not to this machine`
  return on.warn(
    `${leads}; for clients on this machine add the line "127.0.0.1 ${name}" to ${hostsFileOf(machine.platform)}`,
  )
}

/** Names that clients call us by, and that are not this machine's anyway, lead here. */
export const checkHostNames: Check = async (examination) => {
  const { origin, settings } = examination
  const names = certificateNames(origin, settings.allowedHosts).filter((name) => !isLoopback(name))
  if (names.length === 0) return [findingsOn('host names').ok('loopback names alone, which need no entry')]
  return Promise.all(names.map((name) => findingOn(name, examination)))
}
