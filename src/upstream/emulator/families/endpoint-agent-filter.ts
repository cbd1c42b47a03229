import type { Answer, Answerers, Call } from '../call.ts'
import { visible } from '../crud.ts'
import { type Json, type JsonObject, objectOf, objectsOf, textOf } from '../json.ts'
import { askedPage, sliceOf } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { agentsAnswer, endpointAgent, lastSeenAt } from './endpoint-agents.ts'
import { usersOf } from './endpoint-machine.ts'
import { exactly, type Facets, type Measures, searchOf, startingWith } from './endpoint-search.ts'

const texts = (value: Json | undefined): readonly string[] => (typeof value === 'string' ? [value] : [])

const field =
  (key: string) =>
  ({ fields }: Entry): readonly string[] =>
    texts(fields[key])

/** Where the agent is, finer than it shows: the document filters by what its answers do not have. */
const place =
  (key: string) =>
  ({ fields }: Entry): readonly string[] =>
    texts(objectOf(fields['geo'])[key])

const metadata =
  (key: string) =>
  ({ fields }: Entry): readonly string[] =>
    objectsOf(fields['externalMetadata']).flatMap((one) => (one['key'] === key ? texts(one['value']) : []))

/** Which of them match by their start is documented. */
const facets: Facets<Entry> = {
  id: exactly(({ id }) => [id]),
  agentName: exactly(field('name')),
  computerName: exactly(field('computerName')),
  username: startingWith((agent) => usersOf(agent, 'userName')),
  userPrincipalName: startingWith((agent) => usersOf(agent, 'userPrincipalName')),
  platform: exactly(field('platform')),
  osVersion: startingWith(field('osVersion')),
  nicModel: exactly(field('nicModel')),
  nicDriverVersion: exactly(field('nicDriverVersion')),
  serialNumber: startingWith(field('serialNumber')),
  locationCountryISO: exactly(place('countryISO')),
  locationSubdivision1Code: exactly(place('subdivision1Code')),
  locationCity: startingWith(place('city')),
  licenseType: exactly(field('licenseType')),
  anyConnectDeviceId: exactly(metadata('anyConnectDeviceId')),
}

const measures = (now: number): Measures<Entry> => ({
  'last-seen-ms': (agent) => lastSeenAt(agent, now),
  platform: ({ fields }) => textOf(fields['platform']),
  osVersion: ({ fields }) => textOf(fields['osVersion']),
  name: ({ fields }) => textOf(fields['name']),
  userName: (agent) => usersOf(agent, 'userName')[0],
  city: (agent) => place('city')(agent)[0],
  serialNumber: ({ fields }) => textOf(fields['serialNumber']),
})

function filter(call: Call): Answer | V7Refusal {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const filters: JsonObject = objectOf(objectOf(call.body)['searchFilters'])
  const search = searchOf(call.body, { filters, facets, measures: measures(asked.asOf) })
  if (isV7Refusal(search)) return search
  const agents = visible(endpointAgent, call).filter((agent) => search.keeps?.(agent) ?? true)
  const sorted = search.order ? search.order(agents) : agents
  const { rows, left } = sliceOf(asked, sorted)
  return agentsAnswer(call, { rows, total: agents.length, asked, left })
}

/** `POST /endpoint/agents/filter`. */
export const endpointAgentFilter = (): Answerers => ({ filterEndpointAgents: filter })
