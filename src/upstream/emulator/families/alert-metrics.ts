import type { Call } from '../call.ts'
import { type JsonObject, textOf } from '../json.ts'
import type { Incident } from '../measurements/incidents.ts'
import { runAt } from '../measurements/schedule.ts'
import { isV7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { reachabilityOf } from './bgp-results.ts'
import { cellsOf, type Sample, samplesOf } from './result-rows.ts'
import type { Alert } from './test-alerts.ts'
import { directionsOf } from './test-directions.ts'

/** What a source measured in a round, as text; no source shows ThousandEyes' own wording. */
type Wording = (round: number) => string

/** What a target answers while it is not available, and else. */
interface Answers {
  readonly bad: string
  readonly good: string
}

const usual: Answers = { bad: 'Response Code: 503', good: 'Response Code: 200' }
const noAnswer: Answers = { bad: 'Error: no answer from the server', good: 'Error: none' }

/** By the type of the test. */
const answers: Readonly<Record<string, Answers>> = {
  'ftp-server': { bad: 'Response Code: 421', good: 'Response Code: 226' },
  'dns-server': noAnswer,
  'dns-trace': noAnswer,
  dnssec: { bad: 'Validity: invalid', good: 'Validity: valid' },
  api: { bad: 'Completion: 0%', good: 'Completion: 100%' },
}

function wordsOf({ network, isUnavailable, test }: Sample, { kind }: Incident): string {
  if (kind === 'loss') return `Packet Loss: ${network.loss}%`
  const { bad, good } = answers[String(test.fields['type'])] ?? usual
  return isUnavailable ? bad : good
}

/** How the test's agents, or its monitors, word what they measure. */
function wordingsOf({ test, incident }: Alert, call: Call): (source: Entry) => Wording | undefined {
  if (test.fields['type'] === 'bgp')
    return (monitor) => (round) => `Reachability: ${reachabilityOf(test, { monitor, round, call })}%`
  const chosen = directionsOf(test, null, ['to-target'])
  const cells = isV7Refusal(chosen) ? [] : cellsOf(test, chosen, call)
  const sampleOf = samplesOf(test, call)
  return ({ id }) => {
    const own = cells.filter(({ agent }) => agent.id === id)
    const [usual] = own
    if (!usual) return undefined
    return (round) => wordsOf(sampleOf(own.find(({ on }) => runAt(on, round)) ?? usual, round), incident)
  }
}

/** Only the first of both types is in the document. */
const typeOf = ({ collection }: Entry): string => (collection === 'monitors' ? 'bgp_monitor' : 'cea_agent')

/**
 * What each source that suffers measured when the incident began and, if that is why the alert was cleared, in the first good
 * round.
 */
export function metricsOf(alert: Alert, call: Call): readonly JsonObject[] {
  const { incident, sources, clearedAt } = alert
  const wordingOf = wordingsOf(alert, call)
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
        ...(clearedAt === incident.end * 1000 && { end: { metrics: wording(incident.end) } }),
      },
    ]
  })
}
