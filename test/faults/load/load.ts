/**
 * The load of reliability 3: so many requests a second, of each twenty 12 v7 calls, 4 refreshes, 2 polls of a device, one exchange of a code and
 * one revocation. Open: what is slow does not slow it down. Clients behave: they spend nothing twice, and send again what was not answered.
 */
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Entry, isRefused } from '../judge/history.ts'
import { type Client, type Credentials, cloud, type Ground, onPremises, openClient } from './client.ts'
import { approveDevice, approvedCode, type DeviceCode, waitingDevice } from './consent.ts'
import { type Pacing, pace } from './pace.ts'

export interface LoadParts {
  readonly target: () => string
  readonly perSecond: number
  /** So many connections live at a time. */
  readonly connections?: number
}

export interface Load {
  /** All that was asked and answered so far, in the order in which it ended. */
  readonly history: readonly Entry[]
  /** Those that live, as far as they know. */
  living(): readonly Client[]
  /** Those whose revocation was answered 200. */
  revoked(): readonly Client[]
  /** A connection outside of the load, for a scenario's own steps. */
  connect(): Promise<Client>
  /** Several exchanges of one code at once. @returns how many of them were answered with tokens */
  raceOnCode(urls: readonly string[]): Promise<number>
  /** As of its pacing. */
  readonly meanwhileQuiet: Pacing['meanwhileQuiet']
  /** Stops sending. @returns once everything is answered */
  stop(): Promise<void>
  /** Every connection once more: who was told that it lives has to live, who left is refused. For when all is well again. */
  takeStock(): Promise<void>
}

type Operation = 'call' | 'refresh' | 'poll' | 'exchange' | 'revoke'
const mix: readonly Operation[] = [
  ...['call', 'refresh', 'call', 'poll', 'call', 'call', 'refresh', 'call', 'exchange', 'call'],
  ...['call', 'refresh', 'call', 'poll', 'call', 'call', 'refresh', 'call', 'revoke', 'call'],
] as Operation[]

/** A node closes a connection after 65 s without a request, and whoever sends in that moment hears nothing. */
const keptMs = 30_000
/** A code lives for a minute. */
const codeLifeMs = 40_000
/** A device is approved at its third poll or later. */
const pollsBefore = 2

interface Device {
  readonly device: DeviceCode
  readonly client: Client
  polls: number
  isApproved: boolean
}

/** @returns once the first connections are there */
export async function startLoad({ target, perSecond, connections = 12 }: LoadParts): Promise<Load> {
  const history: Entry[] = []
  const agent = new Agent({ keepAlive: true, timeout: keptMs })
  const ground: Ground = { target, agent, note: (entry) => void history.push(entry) }
  const [living, leaving, revoked] = [new Set<Client>(), new Set<Client>(), new Set<Client>()]
  const busy = new Set<Client>()
  const devices: Device[] = []
  let chains = 0
  let turn = 0

  const newClient = (credentials: Credentials): Client => {
    chains += 1
    return openClient(ground, { chain: chains, credentials })
  }
  const next = <Item>(items: Iterable<Item>): Item | undefined => {
    const all = [...items]
    turn += 1
    return all[turn % Math.max(1, all.length)]
  }

  /** Until it is answered, or the code is too old: then nobody knows, and nobody has tokens. */
  async function exchange(): Promise<Client | undefined> {
    const approved = await approvedCode(target())
    if (!approved) return undefined
    const client = newClient(cloud)
    for (const begun = performance.now(); performance.now() - begun < codeLifeMs; await pause(200)) {
      const { status } = await client.spend('exchange', approved.code, approved.form)
      if (status === 200) {
        living.add(client)
        return client
      }
      if (status === 400) return undefined
    }
    return undefined
  }

  /** Who has many things to do may not answer the first time. */
  async function connected(): Promise<Client> {
    for (const begun = performance.now(); performance.now() - begun < codeLifeMs; await pause(200)) {
      const client = await exchange()
      if (client) return client
    }
    throw new Error('no connection came about')
  }

  async function refresh(): Promise<void> {
    const client = next([...living].filter((one) => !busy.has(one)))
    if (!client) return
    busy.add(client)
    await client.refresh()
    busy.delete(client)
  }

  /** From the first try on it counts as leaving; it has left once that is answered. One that is not answered yet keeps no other from leaving. */
  async function revoke(): Promise<void> {
    const idle = (clients: Iterable<Client>): Client[] => [...clients].filter((one) => !busy.has(one))
    const [oldest] = idle(living)
    const client = next(idle(leaving)) ?? (living.size > connections ? oldest : undefined)
    if (!client) return
    living.delete(client)
    leaving.add(client)
    busy.add(client)
    const { status } = await client.revoke()
    busy.delete(client)
    if (status !== 200) return
    leaving.delete(client)
    revoked.add(client)
  }

  async function begin(): Promise<void> {
    const device = await waitingDevice(target(), agent)
    if (device) devices.push({ device, client: newClient(onPremises), polls: 0, isApproved: false })
  }

  async function poll(): Promise<void> {
    const one = devices.shift()
    if (!one) return begin()
    const { device, client } = one
    if (one.polls >= pollsBefore && !one.isApproved) one.isApproved = await approveDevice(target(), device)
    const answer = await client.spend('poll', device.deviceCode, device.form)
    one.polls += 1
    if (answer.status === 200) {
      living.add(client)
      // As many as before: a node keeps what it heard of connections that live.
      await revoke()
    } else if (!isRefused(answer)) devices.push(one)
  }

  /** Mostly of those that live; some of those that left, which must be refused. */
  async function call(): Promise<void> {
    const client = turn % 10 === 0 ? next(revoked) : next(living)
    await client?.call()
  }

  const operations: Readonly<Record<Operation, () => Promise<unknown>>> = {
    call,
    refresh,
    poll,
    exchange,
    revoke,
  }
  await Promise.all(Array.from({ length: connections }, connected))
  const pacing = pace(perSecond, (sent) => operations[mix[sent % mix.length] ?? 'call']())
  return {
    history,
    living: () => [...living],
    revoked: () => [...revoked],
    async connect() {
      const client = await connected()
      living.delete(client)
      return client
    },
    async raceOnCode(urls) {
      const approved = await approvedCode(target())
      if (!approved) throw new Error('no code came about')
      const client = newClient(cloud)
      const answers = await Promise.all(
        urls.map((url) => client.rival(url).spend('exchange', approved.code, approved.form)),
      )
      return answers.filter(({ status }) => status === 200).length
    },
    meanwhileQuiet: pacing.meanwhileQuiet,
    async stop() {
      await pacing.stop()
      agent.destroy()
    },
    async takeStock() {
      for (const client of [...living, ...revoked]) {
        await client.call()
        await client.refresh()
        await client.call()
      }
      agent.destroy()
    },
  }
}
