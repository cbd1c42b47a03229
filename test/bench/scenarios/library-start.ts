import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { startServer } from '../server-process.ts'

/** Many, as each is short and the speed of a shared machine drifts. */
const rounds = 15
const folder = 'test/bench/library-start'

interface Measured {
  /** From the spawn of the process. */
  readonly elapsedMs: number
  readonly cpuMs: number
}

/** One fresh process. @param started the module of `test/bench/library-start` that starts the server */
async function measure(started: string, cache: string): Promise<Measured> {
  const module = pathToFileURL(`${folder}/${started}`).href
  await using child = await startServer([`${folder}/first-answer.js`, cache, module])
  return { elapsedMs: child.readyMs, cpuMs: Number(child.ready['cpuMs']) }
}

/**
 * The library as the package has it, against an engine with nothing around it: each in a process of its own, with a warm compile
 * cache, from the spawn until it answered a request for its metadata.
 */
async function run(): Promise<readonly Row[]> {
  const build = spawnSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' })
  if (build.status !== 0) throw new Error('the package does not build')
  const cache = mkdtempSync(join(tmpdir(), 'panoptes-bench-cache-'))
  const measured: { subject: Measured; peer: Measured }[] = []
  try {
    const round = async (): Promise<{ subject: Measured; peer: Measured }> => ({
      subject: await measure('library.js', cache),
      peer: await measure('bare-oidc-provider.js', cache),
    })
    // The first process fills the cache.
    for (let warming = 0; warming < 2; warming += 1) await round()
    for (let index = 0; index < rounds; index += 1) measured.push(await round())
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
  const names = {
    scenario: 'library-start',
    subject: 'startPanoptes of the package, bundled, to the first answer',
    peer: 'oidc-provider as it is installed, on node:http, to the first answer',
  }
  const rowFor = (metric: string, pick: (one: Measured) => number): Row =>
    rowOf(
      { ...names, metric },
      measured.map(({ subject, peer }) => ({ subject: pick(subject), peer: pick(peer) })),
    )
  return [
    rowFor('ms from the spawn', ({ elapsedMs }) => elapsedMs),
    rowFor('ms of CPU', ({ cpuMs }) => cpuMs),
  ]
}

const atMost = { holds: ({ ratio }: Row): boolean => ratio <= 1.5, text: 'at most 1.5 of bare oidc-provider' }

export const libraryStart: Scenario = {
  name: 'library-start',
  goals: [
    { scenario: 'library-start', metric: 'ms from the spawn', ...atMost },
    { scenario: 'library-start', metric: 'ms of CPU', ...atMost },
  ],
  run,
}
