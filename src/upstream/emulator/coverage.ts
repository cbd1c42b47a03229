/**
 * Coverage: how each operation of v7 is emulated and by which file, told by what answers it. Nothing is written down here
 * but which modules work their answers out of numbers that nobody measured; a test holds that against their imports.
 */
import { isGeneric } from './crud.ts'
import type { Answered } from './families.ts'
import { loadModel } from './model.ts'

export type Manner =
  /** By the engine, driven by config/v7: list, create, read, update, delete. */
  | 'generic'
  /** By numbers that are drawn for the object and the clock. */
  | 'synthetic'
  /** By code that was written for it. */
  | 'bespoke'
  /** Not at all: 501. */
  | 'none'

export interface CoverageRow {
  readonly operation: string
  readonly method: string
  /** Below /v7. */
  readonly path: string
  readonly how: Manner
  /** From the root of the repository; null where nothing answers. */
  readonly file: string | null
  /** Whether the official document has it; the few others are called by the Splunk app. */
  readonly documented: boolean
}

/** Modules of families.ts whose own answers are synthetic; what the engine answers for them is generic all the same. */
export const syntheticModules: readonly string[] = [
  'alerts',
  'apiResults',
  'autonomousSystems',
  'bgpResults',
  'dashboardSnapshots',
  'dashboardWidgets',
  'dnsResults',
  'endpointAgentLogs',
  'endpointHttpResults',
  'endpointNetworkResults',
  'endpointPathVis',
  'endpointSessionPages',
  'endpointSessionResults',
  'events',
  'ftpResults',
  'httpResults',
  'localNetworkResults',
  'localProblems',
  'networkResults',
  'outages',
  'pageLoadResults',
  'pathVisResults',
  'rtpResults',
  'sipResults',
  'webTransactionResults',
]

/** Where a module stands: it bears the name of its file. */
export const fileOf = (module: string): string =>
  `src/upstream/emulator/families/${module.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`

function mannerOf({ module, answerer }: Answered): Manner {
  if (isGeneric(answerer)) return 'generic'
  return syntheticModules.includes(module) ? 'synthetic' : 'bespoke'
}

/** A row for each operation that the gateway lets through, in the order of the document. @throws when a table is broken */
export async function coverage(): Promise<readonly CoverageRow[]> {
  // As everywhere, or families would be loaded with every start.
  const [model, { answerersOf }] = await Promise.all([loadModel(), import('./families.ts')])
  const answerers = answerersOf(model)
  return model.rows.map((row) => {
    const answered = answerers.get(row.as ?? row.id)
    return {
      operation: row.id,
      method: row.method,
      path: row.path,
      how: answered ? mannerOf(answered) : 'none',
      file: answered ? fileOf(answered.module) : null,
      documented: !row.isExtra,
    }
  })
}
