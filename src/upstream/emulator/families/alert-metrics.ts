import type { Call } from '../call.ts'
import { type JsonObject, textOf } from '../json.ts'
import { isV7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { reachabilityOf } from './bgp-results.ts'
import { cellsOf, type Sample, samplesOf } from './result-rows.ts'
import type { Alert } from './test-alerts.ts'
import { directionsOf } from './test-directions.ts'

/** What a source measured in a round, as text; no source shows ThousandEyes' own wording. */
type Wording = (round: number) => string

/** The measurement of a target that answers wrongly or not at all, by the type of the test. */
const unavailable: Readonly<Record<string, string>> = {
  'ftp-server': 'Response Code: 421',
  'dns-server': 'Error: no answer from the server',
  'dns-trace': 'Error: no answer from the server',
  dnssec: 'Validity: invalid',
  api: 'Completion: 0%',
}

const ofSample = ({ network, isUnavailable, test }: Sample): string =>
  isUnavailable
    ? (unavailable[String(test.fields['type'])] ?? 'Response Code: 503')
    : `Packet Loss: ${network.loss}%`

/** How the test's agents, or its monitors, word what they measure. */
function wordingsOf(test: Entry, call: Call): (source: Entry) => Wording | undefined {
  if (test.fields['type'] === 'bgp')
    return (monitor) => (round) => `Reachability: ${reachabilityOf(test, { monitor, round, call })}%`
  const chosen = directionsOf(test, null, ['to-target'])
  const cells = isV7Refusal(chosen) ? [] : cellsOf(test, chosen, call)
  const sampleOf = samplesOf(test, call)
  return ({ id }) => {
    const cell = cells.find(({ agent }) => agent.id === id)
    return cell && ((round) => ofSample(sampleOf(cell, round)))
  }
}

/** Only the first of both types is in the document. */
const typeOf = ({ collection }: Entry): string => (collection === 'monitors' ? 'bgp_monitor' : 'cea_agent')

/** What each source that suffers measured when the incident began and, if it is over, in the first good round. */
export function metricsOf({ test, incident, sources, clearedAt }: Alert, call: Call): readonly JsonObject[] {
  const wordingOf = wordingsOf(test, call)
  return sources.flatMap((source): readonly JsonObject[] => {
    const wording = wordingOf(source)
    if (!wording) return []
    const { location, monitorName } = source.fields
    return [
      {
        id: source.id,
        name: textOf(monitorName) ?? textOf(location) ?? '',
        type: typeOf(source),
        state: clearedAt === undefined ? 'trigger' : 'clear',
        start: { metrics: wording(incident.start) },
        ...(clearedAt !== undefined && { end: { metrics: wording(incident.end) } }),
      },
    ]
  })
}
