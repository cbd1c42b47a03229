import type { Check, Examination } from './examination.ts'
import { type Finding, findingsOn } from './finding.ts'

interface Place {
  readonly about: string
  readonly host: string
  readonly port: number
  readonly option: string
}

const problems: Readonly<Record<string, string>> = {
  EACCES: 'this process may not bind it; ports below 1024 mostly need rights',
  EADDRNOTAVAIL: 'this machine has no such address; choose another host',
  ENOTFOUND: 'this machine has no such address; choose another host',
}

async function findingOn(place: Place, { machine, neighbour }: Examination): Promise<Finding> {
  const { about, host, port, option } = place
  const on = findingsOn(about)
  const where = `${host}:${port}`
  const code = await machine.bind(host, port)
  if (code === undefined) return on.ok(port === 0 ? `${host}, on a port that is free` : `${where} is free`)
  if (code !== 'EADDRINUSE') return on.fail(`${where}: ${problems[code] ?? code}`)
  const remedy = `choose another one with ${option}, 0 picks a free one`
  return neighbour
    ? on.warn(`${where} is taken, and a Panoptes answers on the public port; for a second one ${remedy}`)
    : on.fail(`${where} is taken by another program; ${remedy}`)
}

/** Both listeners can be bound, and not on one port. */
export const checkPorts: Check = async (examination) => {
  const { host, port, operatorHost, operatorPort } = examination.settings
  const places = [
    { about: 'public port', host, port, option: '--port' },
    { about: 'operator port', host: operatorHost, port: operatorPort, option: '--operator-port' },
  ]
  if (port !== 0 && port === operatorPort)
    return [
      findingsOn('ports').fail(
        `both listeners are given port ${port}; choose another one with --port or --operator-port`,
      ),
    ]
  return Promise.all(places.map((place) => findingOn(place, examination)))
}
