import { z } from 'zod'
import type { EmulatorControlParts, SnapshotFacts, Workspace } from './parts.ts'
import { allowedAre, type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlRoute, route } from './route.ts'

const maxDocumentBytes = 10_000_000

const snapshotAnswer = ({ name, records, takenAt }: SnapshotFacts): object => ({
  name,
  records,
  takenAt: new Date(takenAt).toISOString(),
})

const nameWords = 'allowed are 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first'

/** A piece of a path without escapes. */
const nameProblem = (name: string): ControlRefusal | undefined =>
  /^[A-Za-z0-9][\w.-]{0,63}$/.test(name)
    ? undefined
    : refuseWith(422, 'invalid_name', `name: ${found(name)}; ${nameWords}`)

const pathOf = (name: string): string => `/emulator/snapshots/${name}`

const unknownSnapshot = (name: string, { snapshots }: Workspace): ControlRefusal =>
  refuseWith(
    404,
    'unknown_snapshot',
    `snapshot: ${found(name)}; ${allowedAre(snapshots.list().map((snapshot) => snapshot.name))}`,
  )

/** Snapshots: the whole of a workspace under a name, kept as long as the process, or as a document for a file. */
export function snapshotRoutes({ workspace }: EmulatorControlParts): readonly ControlRoute[] {
  const { snapshots } = workspace
  return [
    route({
      method: 'GET',
      path: '/emulator/snapshots',
      answer: () => ({ status: 200, body: { snapshots: snapshots.list().map(snapshotAnswer) } }),
    }),
    route({
      method: 'PUT',
      path: '/emulator/snapshots/{name}',
      body: z.unknown(),
      maxBytes: maxDocumentBytes,
      answer: async ({ params: { name = '' }, body }) => {
        const problem = nameProblem(name)
        if (problem) return problem
        const kept = body === undefined ? await snapshots.take(name) : snapshots.keep(name, body)
        if (typeof kept === 'string') return refuseWith(422, 'invalid_snapshot', `body: ${kept}`)
        return { status: 201, body: snapshotAnswer(kept), location: pathOf(name) }
      },
    }),
    route({
      method: 'GET',
      path: '/emulator/snapshots/{name}',
      answer: ({ params: { name = '' } }) => {
        const document = snapshots.read(name)
        if (document === undefined) return unknownSnapshot(name, workspace)
        return { status: 200, body: JSON.stringify(document), type: 'application/json' }
      },
    }),
    route({
      method: 'POST',
      path: '/emulator/snapshots/{name}/load',
      answer: async ({ params: { name = '' } }) => {
        const outcome = await snapshots.load(name)
        if (typeof outcome === 'string') return refuseWith(409, 'unsuited_snapshot', `snapshot: ${outcome}`)
        return outcome ? { status: 204 } : unknownSnapshot(name, workspace)
      },
    }),
    route({
      method: 'DELETE',
      path: '/emulator/snapshots/{name}',
      answer: ({ params: { name = '' } }) =>
        snapshots.remove(name) ? { status: 204 } : unknownSnapshot(name, workspace),
    }),
  ]
}
