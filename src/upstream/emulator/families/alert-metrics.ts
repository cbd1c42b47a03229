import type { Call } from '../call.ts'
import { type JsonObject, textOf } from '../json.ts'
import { isV7Refusal } from '../refusals.ts'
import { cellsOf, type Sample, samplesOf } from './result-rows.ts'
import type { Alert } from './test-alerts.ts'
import { directionsOf } from './test-directions.ts'

/** The metric as text; no source shows ThousandEyes' own wording. */
const wording = ({ network, isUnavailable }: Sample): string =>
  isUnavailable ? 'Response Code: 503' : `Packet Loss: ${network.loss}%`

/** What each agent that suffers measured when the incident began and, if it is over, in the first good round. */
export function metricsOf({ test, incident, agents, clearedAt }: Alert, call: Call): readonly JsonObject[] {
  const chosen = directionsOf(test, null, ['to-target'])
  const cells = isV7Refusal(chosen) ? [] : cellsOf(test, chosen, call)
  const sampleOf = samplesOf(test, call)
  return agents.flatMap((agent): readonly JsonObject[] => {
    const cell = cells.find((one) => one.agent.id === agent.id)
    if (!cell) return []
    const start = { metrics: wording(sampleOf(cell, incident.start)) }
    return [
      {
        id: agent.id,
        name: textOf(agent.fields['location']) ?? '',
        type: 'cea_agent',
        state: clearedAt === undefined ? 'trigger' : 'clear',
        start,
        ...(clearedAt !== undefined && { end: { metrics: wording(sampleOf(cell, incident.end)) } }),
      },
    ]
  })
}
