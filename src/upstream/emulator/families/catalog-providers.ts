import type { Answer, Answerers, Call } from '../call.ts'
import { crud, type Family, shown } from '../crud.ts'
import { type JsonObject, objectOf, objectsOf, textOf } from '../json.ts'
import type { Model } from '../model.ts'
import type { Entry } from '../state.ts'
import { hasPart, sameWord } from '../text-search.ts'

/** Whom Internet Insights knows: the same for everybody. `applications`, which no answer declares, is what has outages. */
const catalogProvider: Family = {
  path: '/internet-insights/catalog/providers',
  collection: 'catalog-providers',
  idKey: 'id',
  owner: 'organization',
  newId: () => '',
}

/** The country stands at the end of a location, as in `San Jose, US`. */
const countryOf = (location: string): string => location.split(', ').at(-1) ?? location

const locationsOf = ({ fields }: Entry): readonly string[] =>
  objectsOf(fields['locations']).map(({ location }) => String(location))

function summary(provider: Entry): JsonObject {
  const { asns, locations, ...fields } = provider.fields
  const interfaces = objectsOf(locations).map((one) => Number(one['interfacesCount']))
  return {
    ...fields,
    asnsCount: objectsOf(asns).length,
    countriesCount: new Set(locationsOf(provider).map(countryOf)).size,
    locationsCount: interfaces.length,
    interfacesCount: interfaces.reduce((sum, one) => sum + one, 0),
  }
}

const listedProvider: Family = { ...catalogProvider, show: summary }

/** What the filter compares of a provider, by its own keys. */
const compared: Readonly<Record<string, (provider: Entry) => readonly string[]>> = {
  providerName: ({ fields }) => [String(fields['providerName'])],
  location: locationsOf,
  asn: ({ fields }) => objectsOf(fields['asns']).map(({ name }) => String(name)),
}

/** Names, locations and networks may be given in part (official document); that case does not matter is ours. */
const isAsked = (provider: Entry, filter: JsonObject): boolean =>
  Object.entries(filter).every(([key, wanted]) => {
    if (key === 'included') return provider.fields['included'] === wanted
    const text = textOf(wanted) ?? ''
    const part = compared[key]
    if (part) return part(provider).some((one) => hasPart(one, text))
    return key !== 'providerType' && key !== 'region' ? true : sameWord(String(provider.fields[key]), text)
  })

function filter(call: Call): Answer {
  const schema = call.model.schema('ApiCatalogProvider')
  const providers = call.state
    .all('catalog-providers')
    .filter((provider) => isAsked(provider, objectOf(call.body)))
    .map((provider) => shown(listedProvider, provider, { ...call, schema }))
  return { status: 200, body: { providers, _links: { self: { href: call.href(call.row.path) } } } }
}

/** `/internet-insights/catalog/providers`. */
export const catalogProviders = (model: Model): Answerers => ({
  ...crud(catalogProvider, model),
  filterCatalogProviders: filter,
})
