/**
 * Which connectors send which operations: one relation, read and replaced from either end. Only webhook operations and generic
 * connectors are emulated.
 */
import { askedPath } from '../asked-path.ts'
import type { Answer, Answerers, Call } from '../call.ts'
import { type Family, isOwn, named } from '../crud.ts'
import { textsOf } from '../json.ts'
import { invalid, isV7Refusal, notFound, refused, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { genericConnector } from './generic-connectors.ts'
import { connectorIdsOf, operationsOf, setConnectorsOf, setOperationsOf } from './operation-connectors.ts'
import { webhookOperation } from './webhook-operations.ts'

/** The ids as v7 answers them: bare, in an envelope. */
const assigned = ({ row, parameters, href }: Call, items: readonly string[]): Answer => ({
  status: 200,
  body: { items, _links: { self: { href: href(askedPath(row.path, parameters)) } } },
})

/** The ids of the body, each once, or which of them are nothing of the kind in this account group. */
function givenIds(family: Family, call: Call): readonly string[] | V7Refusal {
  const ids = [...new Set(textsOf(call.body))]
  const strays = ids.filter((id) => {
    const entry = call.state.find(family.collection, id)
    return !entry || !isOwn(entry, call)
  })
  if (strays.length === 0) return ids
  return invalid(strays.map((id) => ({ field: `[${ids.indexOf(id)}]`, message: `There is no ${id} here.` })))
}

/** The operation of the path, whose kind is a parameter there. */
function operationOf(call: Call): Entry | V7Refusal {
  const { type, id } = call.parameters
  if (type === 'credential-vault')
    return refused('not_emulated', 'Connectors of credential vault operations are not emulated yet.')
  return (
    (type === 'webhooks' && named(webhookOperation, { ...call, parameters: { id: id ?? '' } })) || notFound
  )
}

export const connectorAssignments = (): Answerers => ({
  getOperationConnectors(call) {
    const operation = operationOf(call)
    return isV7Refusal(operation) ? operation : assigned(call, connectorIdsOf(operation))
  },
  setOperationConnectors(call) {
    const operation = operationOf(call)
    if (isV7Refusal(operation)) return operation
    const ids = givenIds(genericConnector, call)
    if (isV7Refusal(ids)) return ids
    setConnectorsOf(operation, ids, call)
    return assigned(call, ids)
  },
  listGenericConnectorOperations(call) {
    const connector = named(genericConnector, call)
    if (!connector) return notFound
    return assigned(
      call,
      operationsOf(connector, call).map(({ id }) => id),
    )
  },
  setGenericConnectorOperations(call) {
    const connector = named(genericConnector, call)
    if (!connector) return notFound
    const ids = givenIds(webhookOperation, call)
    if (isV7Refusal(ids)) return ids
    setOperationsOf(connector, ids, call)
    return assigned(call, ids)
  },
})
