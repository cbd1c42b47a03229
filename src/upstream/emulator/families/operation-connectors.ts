import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { textsOf } from '../json.ts'
import type { Entry } from '../state.ts'

/** The operations of the account group that are sent by the connector. The relation is kept on the operations. */
export const operationsOf = (connector: Entry, call: Call): readonly Entry[] =>
  webhooksOf(call).filter((operation) => connectorIdsOf(operation).includes(connector.id))

export const connectorIdsOf = (operation: Entry): readonly string[] =>
  textsOf(operation.fields['connectorIds'])

const webhooksOf = (call: Call): readonly Entry[] =>
  call.state.all('webhook-operations').filter((operation) => isOwn(operation, call))

export const setConnectorsOf = (operation: Entry, connectorIds: readonly string[], { state }: Call): void =>
  state.put({ ...operation, fields: { ...operation.fields, connectorIds } })

/** Makes exactly these operations be sent by the connector. */
export function setOperationsOf(connector: Entry, operationIds: readonly string[], call: Call): void {
  for (const operation of webhooksOf(call)) {
    const others = connectorIdsOf(operation).filter((id) => id !== connector.id)
    const wanted = operationIds.includes(operation.id)
    if (wanted !== connectorIdsOf(operation).includes(connector.id))
      setConnectorsOf(operation, wanted ? [...others, connector.id] : others, call)
  }
}
