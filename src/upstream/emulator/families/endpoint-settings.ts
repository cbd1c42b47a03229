import { createHash } from 'node:crypto'
import type { Answerers } from '../call.ts'
import { isOwn } from '../crud.ts'
import { project } from '../project.ts'

const stringBytes = 16

/** The connection string of the account group, which stays the same, and the proxies of its agents, which v7 only shows. */
export const endpointSettings = (): Answerers => ({
  getEndpointAgentsConnectionString({ region, aid, href, row }) {
    const hash = createHash('sha256').update(`connection string of ${region} ${aid}`).digest()
    const connectionString = hash.subarray(0, stringBytes).toString('base64')
    return { status: 200, body: { connectionString, _links: { self: { href: href(row.path) } } } }
  },
  getEndpointProxies(call) {
    const schema = call.model.schema('EndpointProxy')
    const proxies = call.state
      .all('endpoint-proxies')
      .filter((proxy) => isOwn(proxy, call))
      .map(({ id, fields }) => project(call.model, schema, { ...fields, proxyId: id }))
    return { status: 200, body: { proxies } }
  },
})
