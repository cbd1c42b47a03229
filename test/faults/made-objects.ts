/** Objects of v7 of every kind that a body alone makes, and how they are read again. */
import { adminToken } from '../account/signed-in.ts'
import { rows, sampleOf } from '../dialect/sample-bodies.ts'
import type { NodeProcess } from './node-process.ts'

type Served = Pick<NodeProcess, 'url'>

const call = (address: string, body?: unknown): Promise<Response> =>
  fetch(address, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  })

const creating = rows.filter(
  ({ method, parameters, answer }) => method === 'POST' && parameters.length === 0 && answer.status === 201,
)

/** Where the answer of a creation says that the object is. */
function placeOf(answer: Response, text: string): string | undefined {
  const body = JSON.parse(text) as { readonly _links?: { readonly self?: { readonly href?: string } } }
  const address = answer.headers.get('location') ?? body._links?.self?.href
  return address === undefined ? undefined : new URL(address).pathname
}

/** The text of each object by its path; undefined of what this node does not have, or knows nothing of. */
export async function readObjects(
  { url }: Served,
  paths: readonly string[],
): Promise<Readonly<Record<string, string | undefined>>> {
  const found: Record<string, string | undefined> = {}
  for (const path of paths) {
    const answer = await call(`${url}${path}`)
    const text = await answer.text()
    if (answer.status >= 500 && answer.status !== 501) throw new Error(`${path}: ${answer.status} ${text}`)
    found[path] = answer.status === 200 ? text : undefined
  }
  return found
}

/** @returns the paths of what was made and can be read one by one */
export async function makeObjects(node: Served): Promise<readonly string[]> {
  const paths: string[] = []
  for (const { path, body } of creating) {
    const answer = await call(`${node.url}/v7${path}`, body ? sampleOf(body.schema) : {})
    const text = await answer.text()
    if (answer.status !== 201) continue
    const place = placeOf(answer, text)
    if (place !== undefined) paths.push(place)
  }
  const readable = await readObjects(node, paths)
  return paths.filter((path) => readable[path] !== undefined)
}
