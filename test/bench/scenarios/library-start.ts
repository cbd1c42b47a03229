import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { startServer } from '../server-process.ts'

/** Many, as each is short and the speed of a shared machine drifts. */
const rounds = 15
const folder = 'test/bench/library-start'
const peer = `${folder}/bare-oidc-provider.js`

interface Measured {
  /** From the spawn of the process. */
  readonly elapsedMs: number
  readonly cpuMs: number
}

/** One fresh process. @param module the path of one that starts a server */
async function measure(module: string, cache: string): Promise<Measured> {
  await using child = await startServer([`${folder}/first-answer.js`, cache, pathToFileURL(module).href])
  return { elapsedMs: child.readyMs, cpuMs: Number(child.ready['cpuMs']) }
}

/** Bundles the peer as the package is, so that what bundling gives can be told from the rest. @returns its path */
async function bundledPeer(directory: string): Promise<string> {
  const bundle = await rolldown({ input: peer, platform: 'node', onLog: () => undefined })
  await bundle.write({ dir: directory })
  await bundle.close()
  return join(directory, 'bare-oidc-provider.js')
}

interface Round {
  readonly library: Measured
  readonly bare: Measured
  readonly bundled: Measured
}

async function measuredRounds(): Promise<readonly Round[]> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-bench-start-'))
  const cache = join(directory, 'cache')
  try {
    const bundled = await bundledPeer(directory)
    const round = async (): Promise<Round> => ({
      library: await measure(`${folder}/library.js`, cache),
      bare: await measure(peer, cache),
      bundled: await measure(bundled, cache),
    })
    // The first processes fill the cache.
    for (let warming = 0; warming < 2; warming += 1) await round()
    const measured: Round[] = []
    for (let index = 0; index < rounds; index += 1) measured.push(await round())
    return measured
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const elapsed = 'ms from the spawn'
const cpu = 'ms of CPU'

/**
 * The library as the package has it, against an engine with nothing around it: each in a process of its own, with a warm compile
 * cache, from the spawn until it answered a request for its metadata.
 */
async function run(): Promise<readonly Row[]> {
  const build = spawnSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' })
  if (build.status !== 0) throw new Error('the package does not build')
  const measured = await measuredRounds()
  const names = { scenario: 'library-start', subject: 'startPanoptes of the package, to the first answer' }
  const rowsAgainst = (name: string, other: 'bare' | 'bundled', note = ''): readonly Row[] => {
    const rowFor = (metric: string, pick: (one: Measured) => number): Row =>
      rowOf(
        { ...names, peer: name, metric: `${metric}${note}` },
        measured.map((round) => ({ subject: pick(round.library), peer: pick(round[other]) })),
      )
    return [rowFor(elapsed, ({ elapsedMs }) => elapsedMs), rowFor(cpu, ({ cpuMs }) => cpuMs)]
  }
  return [
    ...rowsAgainst('oidc-provider as it is installed, on node:http', 'bare'),
    ...rowsAgainst('the same, bundled as the package is', 'bundled', ', both bundled'),
  ]
}

const atMost = { holds: ({ ratio }: Row): boolean => ratio <= 1.5, text: 'at most 1.5 of bare oidc-provider' }

export const libraryStart: Scenario = {
  name: 'library-start',
  goals: [
    { scenario: 'library-start', metric: elapsed, ...atMost },
    { scenario: 'library-start', metric: cpu, ...atMost },
  ],
  run,
}
