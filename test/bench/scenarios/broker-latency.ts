/**
 * What a broker and a bare proxy add to the time that the upstream takes by itself, each asked at the same steady pace, in turn within
 * each round and in another order in the next. Single rounds are too short for a hundredth of their answers: all are taken together.
 */
import autocannon from 'autocannon'
import { type BrokerSides, startBrokerSides } from '../broker-sides.ts'
import { pacedLoad, percentile } from '../paced-load.ts'
import { median, type Row, type Scenario } from '../row.ts'
import type { ServerProcess } from '../server-process.ts'

const scenario = 'broker-latency'
const path = '/v7/tests?aid=1101'
const connections = 32
const warmUpRounds = 8
const loadRounds = 4
const rounds = 24
/** Rounds are taken together in so many parts, too, which show how much the ratio moves. */
const parts = 4
const roundMs = 1_000

const names = ['upstream', 'bare', 'ours'] as const
type Name = (typeof names)[number]
type Round = Readonly<Record<Name, readonly number[]>>

const urlOf = (server: ServerProcess): string => `${String(server.ready['url'])}${path}`

/** Answers in a second, of as many connections as keep it busy. */
async function mostOf(server: ServerProcess, headers: BrokerSides['headers']): Promise<number> {
  const result = await autocannon({ url: urlOf(server), connections, duration: 1, headers })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${urlOf(server)}: ${result.non2xx} answers were no success, ${result.errors} failed`)
  return result.requests.total / result.duration
}

/** Half of what the slower one bears, once both are warm. */
async function halfLoad({ ours, bare, headers }: BrokerSides): Promise<number> {
  const most: Record<'ours' | 'bare', number[]> = { ours: [], bare: [] }
  for (let round = 0; round < warmUpRounds + loadRounds; round += 1) {
    const one = { ours: await mostOf(ours, headers), bare: await mostOf(bare, headers) }
    if (round < warmUpRounds) continue
    most.ours.push(one.ours)
    most.bare.push(one.bare)
  }
  return Math.min(median(most.ours), median(most.bare)) / 2
}

/** All in turn, and each as often first as the others. */
async function pacedRounds(sides: BrokerSides, perSecond: number): Promise<readonly Round[]> {
  const done: Round[] = []
  for (let round = 0; round < rounds; round += 1) {
    const took: Record<Name, readonly number[]> = { upstream: [], bare: [], ours: [] }
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length] ?? 'upstream'
      const { headers } = sides
      took[name] = await pacedLoad({ url: urlOf(sides[name]), headers, perSecond, milliseconds: roundMs })
    }
    done.push(took)
  }
  return done
}

/** Microseconds that each adds, over all answers of the rounds. */
function added(some: readonly Round[], share: number): Readonly<Record<'ours' | 'bare', number>> {
  const of = (name: Name): number =>
    percentile(
      some.flatMap((round) => round[name]).sort((one, other) => one - other),
      share,
    )
  return { ours: of('ours') - of('upstream'), bare: of('bare') - of('upstream') }
}

function rowFor(metric: string, share: number, all: readonly Round[]): Row {
  const whole = added(all, share)
  const ratios = Array.from({ length: parts }, (_, part) => {
    const some = added(
      all.filter((_round, index) => index % parts === part),
      share,
    )
    return some.ours / some.bare
  })
  // Where the bare proxy adds nothing that can be measured, there is nothing to compare with, and no goal is met.
  const ratio = whole.bare > 0 ? whole.ours / whole.bare : Number.NaN
  return {
    scenario,
    subject: 'Panoptes, a broker with all checks, links rewritten',
    peer: 'a bare undici streaming proxy',
    metric,
    subjectValue: whole.ours,
    peerValue: whole.bare,
    ratio,
    spread: (Math.max(...ratios) - Math.min(...ratios)) / ratio,
  }
}

async function run(): Promise<readonly Row[]> {
  await using sides = await startBrokerSides()
  const perSecond = await halfLoad(sides)
  process.stdout.write(
    `${scenario}: ${perSecond.toFixed(0)} calls a second, half of what the slower one bears\n`,
  )
  const all = await pacedRounds(sides, perSecond)
  return [rowFor('microseconds added, p50', 0.5, all), rowFor('microseconds added, p99', 0.99, all)]
}

export const brokerLatency: Scenario = {
  name: scenario,
  goals: [
    {
      scenario,
      metric: 'microseconds added, p50',
      holds: ({ ratio }) => ratio <= 1.3,
      text: 'at most 1.3 of the bare proxy',
    },
    {
      scenario,
      metric: 'microseconds added, p99',
      holds: ({ ratio }) => ratio <= 1.5,
      text: 'at most 1.5 of the bare proxy',
    },
  ],
  run,
}
