import type { Operation } from '#domain/operation.ts'
import type { Match } from './call.ts'

interface Leaf {
  readonly operation: Operation
  /** The name of each brace and the place of its segment. */
  readonly braces: readonly (readonly [name: string, place: number])[]
}

interface Node {
  readonly fixed: Map<string, Node>
  parameter: Node | undefined
  readonly leaves: Map<string, Leaf>
}

export interface Routes {
  /** @returns the operation with its parameters; undefined when no template has both path and method */
  match(method: string, segments: readonly string[]): Match | undefined
  /** The methods of all templates that the path fits, sorted; empty for an unknown path. */
  methodsOf(segments: readonly string[]): readonly string[]
}

const newNode = (): Node => ({ fixed: new Map(), parameter: undefined, leaves: new Map() })

function child(node: Node, segment: string): Node {
  if (segment.startsWith('{')) {
    node.parameter ??= newNode()
    return node.parameter
  }
  const next = node.fixed.get(segment) ?? newNode()
  node.fixed.set(segment, next)
  return next
}

function plant(root: Node, operation: Operation): void {
  const segments = operation.path.split('/').slice(1)
  const { leaves } = segments.reduce(child, root)
  if (leaves.has(operation.method))
    throw new Error(`two operations answer ${operation.method} ${operation.path}`)
  const braces = segments.flatMap((segment, place) =>
    segment.startsWith('{') ? [[segment.slice(1, -1), place] as const] : [],
  )
  leaves.set(operation.method, { operation, braces })
}

/** The nodes that the path leads to, those with static segments first: they win over parameters (v7-notes 5). */
function nodesOf(node: Node, segments: readonly string[], depth: number): readonly Node[] {
  const segment = segments[depth]
  if (segment === undefined) return node.leaves.size > 0 ? [node] : []
  const fixed = node.fixed.get(segment)
  const nodes = fixed ? nodesOf(fixed, segments, depth + 1) : []
  if (!node.parameter || segment === '') return nodes
  const more = nodesOf(node.parameter, segments, depth + 1)
  return nodes.length === 0 ? more : [...nodes, ...more]
}

function matchOf({ operation, braces }: Leaf, segments: readonly string[]): Match {
  const parameters: Record<string, string> = {}
  for (const [name, place] of braces) parameters[name] = segments[place] ?? ''
  return { operation, parameters }
}

/** The table of operations as a tree of path segments: default deny, as only what is planted can be found. */
export function openRoutes(operations: readonly Operation[]): Routes {
  const root = newNode()
  for (const operation of operations) plant(root, operation)
  return {
    match(method, segments) {
      for (const { leaves } of nodesOf(root, segments, 0)) {
        const leaf = leaves.get(method)
        if (leaf) return matchOf(leaf, segments)
      }
      return undefined
    },
    methodsOf: (segments) =>
      [...new Set(nodesOf(root, segments, 0).flatMap(({ leaves }) => [...leaves.keys()]))].sort(),
  }
}
