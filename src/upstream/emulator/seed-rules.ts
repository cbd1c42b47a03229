/** What objects of a seed mean for one another, where a request for one of them is refused for it. */

import { cloudThroughput, wantsCloudThroughput } from './rules/throughput.ts'
import type { Problem } from './seed-copies.ts'
import { type Occurrence, repeated } from './seed-duplicates.ts'
import { foundIn } from './seed-form.ts'
import type { SeedObject } from './seed-objects.ts'
import type { Named } from './seed-references.ts'

/** What nothing else of an account group may have, and the key of it that is told. */
interface Sole {
  readonly collection: string
  readonly keys: readonly string[]
  readonly told: string
  /** Which objects it is about; all of the collection when left out. */
  readonly isMeant?: (object: SeedObject) => boolean
}

const soles: readonly Sole[] = [
  { collection: 'tests', keys: ['testName'], told: 'testName' },
  { collection: 'tags', keys: ['key', 'value', 'objectType'], told: 'key' },
  { collection: 'dashboard-filters', keys: ['name'], told: 'name' },
  {
    collection: 'alert-rules',
    keys: ['alertType'],
    told: 'isDefault',
    isMeant: ({ fields }) => fields['isDefault'] === true,
  },
]

const occurrencesIn = (objects: readonly SeedObject[], sole: Sole): readonly Occurrence[] =>
  objects
    .filter((object) => object.collection === sole.collection && (sole.isMeant?.(object) ?? true))
    .filter(({ fields }) => sole.keys.every((key) => fields[key] !== undefined))
    .map(({ fields, place }) => ({
      key: JSON.stringify(sole.keys.map((key) => fields[key])),
      place: `${place}.${sole.told}`,
      found: String(fields[sole.told]),
    }))

const repeatedWithin = (objects: readonly SeedObject[]): readonly Problem[] =>
  soles.flatMap((sole) => repeated(occurrencesIn(objects, sole)))

/** Agents have a name of their own in an organization, beside those of the cloud. */
function repeatedAgents({ groups, catalogue, objects }: Named): readonly Problem[] {
  const organizations = [...new Set(groups.map(({ organizationId }) => organizationId))]
  const sole = { collection: 'agents', keys: ['agentName'], told: 'agentName' }
  return organizations.flatMap((id) => {
    const aids = groups.filter(({ organizationId }) => organizationId === id).map(({ aid }) => aid)
    const own = aids.flatMap((aid) => objects.get(aid) ?? [])
    return repeated(occurrencesIn([...catalogue, ...own], sole))
  })
}

function measuredInClouds({ catalogue, objects }: Named): readonly Problem[] {
  const all = [...catalogue, ...[...objects.values()].flat()]
  const clouds = new Set(
    all
      .filter(({ collection, fields }) => collection === 'agents' && fields['agentType'] === 'cloud')
      .map(({ id }) => id),
  )
  const { field, message } = cloudThroughput
  return all
    .filter(({ collection, fields }) => collection === 'tests' && fields['type'] === 'agent-to-agent')
    .filter(({ fields }) => wantsCloudThroughput(fields, (id) => clouds.has(id)))
    .map(
      ({ place, fields }) =>
        `${place}.${field}: found ${foundIn(fields[field])}; it ${message.replace(/\.$/, '')}`,
    )
}

/** @returns what v7 would refuse beside what is there already */
export const brokenRules = (named: Named): readonly Problem[] => [
  ...[...named.objects.values()].flatMap(repeatedWithin),
  ...repeatedAgents(named),
  ...measuredInClouds(named),
]
