/**
 * Which connector sends which operations: one relation, kept on the operations. An operation has one connector at most
 * (official document, `maxItems`), and any kind of it: the document has no rule which kinds belong together.
 */
import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { textsOf } from '../json.ts'
import type { V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { disableTestsUsing, secretIdsOf } from './vault-secrets.ts'

/** Where operations are kept, by the word that stands for their kind in paths. */
export const operationCollections: Readonly<Record<string, string>> = {
  webhooks: 'webhook-operations',
  'credential-vault': 'credential-vault-operations',
}

export const connectorIdsOf = (operation: Entry): readonly string[] =>
  textsOf(operation.fields['connectorIds'])

const allOperations = (call: Call): readonly Entry[] =>
  Object.values(operationCollections)
    .flatMap((collection) => call.state.all(collection))
    .filter((operation) => isOwn(operation, call))

/** The operations of the account group that are sent by the connector. */
export const operationsOf = (connector: Entry, call: Call): readonly Entry[] =>
  allOperations(call).filter((operation) => connectorIdsOf(operation).includes(connector.id))

/**
 * Makes exactly these connectors send the operation. Tests that take secrets of an operation without a connector are disabled.
 * @returns why not: somebody has to confirm that first
 */
export function setConnectorsOf(
  operation: Entry,
  connectorIds: readonly string[],
  call: Call,
): V7Refusal | undefined {
  const isCut = connectorIds.length === 0 && connectorIdsOf(operation).length > 0
  const refusal = isCut ? disableTestsUsing(secretIdsOf(operation), call) : undefined
  if (!refusal) call.state.put({ ...operation, fields: { ...operation.fields, connectorIds } })
  return refusal
}

/** Makes exactly these operations be sent by the connector; they leave the one that they had. @returns why not */
export function setOperationsOf(
  connector: Entry,
  operationIds: readonly string[],
  call: Call,
): V7Refusal | undefined {
  for (const operation of allOperations(call)) {
    const isWanted = operationIds.includes(operation.id)
    if (isWanted === connectorIdsOf(operation).includes(connector.id)) continue
    const refusal = setConnectorsOf(operation, isWanted ? [connector.id] : [], call)
    if (refusal) return refusal
  }
  return undefined
}
