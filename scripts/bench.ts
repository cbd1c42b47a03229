/**
 * Speed and memory as ratios against named baselines, in one run (npm run bench). Never part of the tests: machines differ.
 * Options: --json FILE writes the rows, --only NAME runs one scenario. Ends with 1 when a goal was missed.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Row } from '../test/bench/row.ts'
import { broker } from '../test/bench/scenarios/broker.ts'
import { brokerLatency } from '../test/bench/scenarios/broker-latency.ts'
import { control } from '../test/bench/scenarios/control.ts'
import { gatewayGet } from '../test/bench/scenarios/gateway-get.ts'
import { largeList } from '../test/bench/scenarios/large-list.ts'
import { largeRead } from '../test/bench/scenarios/large-read.ts'
import { largeStart } from '../test/bench/scenarios/large-start.ts'
import { largeWorkspaces } from '../test/bench/scenarios/large-workspaces.ts'
import { libraryStart } from '../test/bench/scenarios/library-start.ts'
import { millionRedis } from '../test/bench/scenarios/million-redis.ts'
import { millionSqlite } from '../test/bench/scenarios/million-sqlite.ts'
import { refresh } from '../test/bench/scenarios/refresh.ts'
import { refreshRedis } from '../test/bench/scenarios/refresh-redis.ts'
import { revocationDelay } from '../test/bench/scenarios/revocation-delay.ts'
import { signInLoad } from '../test/bench/scenarios/sign-in-load.ts'
import { start } from '../test/bench/scenarios/start.ts'
import { twoNodes } from '../test/bench/scenarios/two-nodes.ts'
import { workspaces } from '../test/bench/scenarios/workspaces.ts'
import { pinLoad } from '../test/bench/server-process.ts'

const scenarios = [
  start,
  libraryStart,
  refresh,
  refreshRedis,
  gatewayGet,
  largeStart,
  largeList,
  largeRead,
  largeWorkspaces,
  broker,
  brokerLatency,
  control,
  workspaces,
  signInLoad,
  revocationDelay,
  millionSqlite,
  millionRedis,
  twoNodes,
]
const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } })
const chosen = scenarios.filter(({ name }) => values.only === undefined || values.only === name)
if (chosen.length === 0) {
  console.error(`--only: found ${values.only}; allowed are ${scenarios.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

console.log(`Node ${process.version}; ${pinLoad()}`)
const rows: Row[] = []
let missed = 0
for (const scenario of chosen) {
  for (const row of await scenario.run()) {
    rows.push(row)
    const goal = scenario.goals.find(({ metric }) => metric === row.metric)
    const verdict = goal === undefined ? '' : `   goal ${goal.text}: ${goal.holds(row) ? 'met' : 'MISSED'}`
    if (goal && !goal.holds(row)) missed += 1
    const figures = `${row.subjectValue.toFixed(0)} against ${row.peerValue.toFixed(0)}, ratio ${row.ratio.toFixed(2)}, spread ${row.spread.toFixed(2)}`
    console.log(`${row.scenario}: ${row.subject} / ${row.peer}\n  ${row.metric}: ${figures}${verdict}`)
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`)
process.exitCode = missed === 0 ? 0 : 1
