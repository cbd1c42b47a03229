/** The relation of operations and connectors, read and replaced from either end. */
import { askedPath } from '../asked-path.ts'
import type { Answer, Answerer, Answerers, Call } from '../call.ts'
import { type Family, isOwn, named } from '../crud.ts'
import { textsOf } from '../json.ts'
import { invalid, invalidField, isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { conjurConnector } from './conjur-connectors.ts'
import { genericConnector } from './generic-connectors.ts'
import {
  connectorIdsOf,
  operationCollections,
  operationsOf,
  setConnectorsOf,
  setOperationsOf,
} from './operation-connectors.ts'
import { panoramaConnector } from './panorama-connectors.ts'

const connectors = [genericConnector, panoramaConnector, conjurConnector]

/** The ids as v7 answers them: bare, in an envelope. */
const assigned = ({ row, parameters, href }: Call, items: readonly string[]): Answer => ({
  status: 200,
  body: { items, _links: { self: { href: href(askedPath(row.path, parameters)) } } },
})

const findOwn = (collections: readonly string[], id: string, call: Call): Entry | undefined =>
  collections
    .flatMap((collection) => call.state.find(collection, id) ?? [])
    .find((entry) => isOwn(entry, call))

/** The ids of the body, each once, or which of them are nothing of the kind in this account group. */
function givenIds(collections: readonly string[], call: Call): readonly string[] | V7Refusal {
  const ids = [...new Set(textsOf(call.body))]
  const strays = ids.filter((id) => !findOwn(collections, id, call))
  if (strays.length === 0) return ids
  return invalid(strays.map((id) => ({ field: `[${ids.indexOf(id)}]`, message: `There is no ${id} here.` })))
}

/** The operation of the path, whose kind is a parameter there. */
function operationOf(call: Call): Entry | undefined {
  const { type = '', id = '' } = call.parameters
  const collection = Object.hasOwn(operationCollections, type) ? operationCollections[type] : undefined
  return collection === undefined ? undefined : findOwn([collection], id, call)
}

const connectorCollections = connectors.map(({ collection }) => collection)

function replaceConnectors(call: Call): Answer | V7Refusal {
  const operation = operationOf(call)
  if (!operation) return notFound
  const ids = givenIds(connectorCollections, call)
  if (isV7Refusal(ids)) return ids
  if (ids.length > 1) return invalidField('body', 'must have at most 1 elements.')
  return setConnectorsOf(operation, ids, call) ?? assigned(call, ids)
}

const operationsFrom =
  (family: Family): Answerer =>
  (call) => {
    const connector = named(family, call)
    if (!connector) return notFound
    const operations = operationsOf(connector, call)
    return assigned(
      call,
      operations.map(({ id }) => id),
    )
  }

const replaceOperations =
  (family: Family): Answerer =>
  (call) => {
    const connector = named(family, call)
    if (!connector) return notFound
    const ids = givenIds(Object.values(operationCollections), call)
    if (isV7Refusal(ids)) return ids
    return setOperationsOf(connector, ids, call) ?? assigned(call, ids)
  }

export const connectorAssignments = (): Answerers => ({
  getOperationConnectors(call) {
    const operation = operationOf(call)
    return operation ? assigned(call, connectorIdsOf(operation)) : notFound
  },
  setOperationConnectors: replaceConnectors,
  listGenericConnectorOperations: operationsFrom(genericConnector),
  setGenericConnectorOperations: replaceOperations(genericConnector),
  getPanoramaConnectorOperations: operationsFrom(panoramaConnector),
  setPanoramaConnectorOperations: replaceOperations(panoramaConnector),
  getConjurConnectorOperations: operationsFrom(conjurConnector),
  setConjurConnectorOperations: replaceOperations(conjurConnector),
})
