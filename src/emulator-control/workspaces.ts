import { z } from 'zod'
import { members, wholeNumber } from './members.ts'
import type { EmulatorControlParts, WorkspaceFacts, Workspaces } from './parts.ts'
import { allowedAre, type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlRoute, route } from './route.ts'

/** As a part of a path and of a cookie's name. */
const nameWords = 'allowed are 1 to 32 characters a to z, 0 to 9 and -, a letter first'
const workspaceName = z.string(nameWords).regex(/^[a-z][a-z0-9-]{0,31}$/, nameWords)

const workspaceBody = members({ name: workspaceName, port: wholeNumber(0, 65_535).default(0) })

const workspaceAnswer = ({ name, url }: WorkspaceFacts): object => ({ name, url })

const namesOf = (workspaces: Workspaces): readonly string[] => workspaces.list().map(({ name }) => name)

const unknownWorkspace = (name: string, workspaces: Workspaces): ControlRefusal =>
  refuseWith(404, 'unknown_workspace', `workspace: ${found(name)}; ${allowedAre(namesOf(workspaces))}`)

/** Workspaces: emulators beside each other in one process, each with a port, users, tokens, clock and faults of its own. */
export function workspaceRoutes({ workspace, workspaces }: EmulatorControlParts): readonly ControlRoute[] {
  return [
    route({
      method: 'POST',
      path: '/emulator/reset',
      answer: async () => {
        await workspace.reset()
        return { status: 204 }
      },
    }),
    route({
      method: 'GET',
      path: '/emulator/workspaces',
      answer: () => ({ status: 200, body: { workspaces: workspaces.list().map(workspaceAnswer) } }),
    }),
    route({
      method: 'POST',
      path: '/emulator/workspaces',
      body: workspaceBody,
      answer: async ({ body: { name, port } }) => {
        if (namesOf(workspaces).includes(name))
          return refuseWith(
            409,
            'workspace_exists',
            `name: ${found(name)}; allowed is one that no workspace has: ${namesOf(workspaces).join(', ')} exist`,
          )
        const begun = await workspaces.create(name, port)
        if (typeof begun === 'string') return refuseWith(409, 'workspace_not_begun', begun)
        return { status: 201, body: workspaceAnswer(begun), location: `/emulator/workspaces/${begun.name}` }
      },
    }),
    route({
      method: 'GET',
      path: '/emulator/workspaces/{name}',
      answer: ({ params: { name = '' } }) => {
        const facts = workspaces.list().find((one) => one.name === name)
        return facts ? { status: 200, body: workspaceAnswer(facts) } : unknownWorkspace(name, workspaces)
      },
    }),
    route({
      method: 'DELETE',
      path: '/emulator/workspaces/{name}',
      answer: async ({ params: { name = '' } }) => {
        if (name === workspace.name && name !== workspaces.list()[0]?.name)
          return refuseWith(
            409,
            'own_workspace',
            `workspace: ${found(name)}; none can end itself: ask another one, as ${workspaces.list()[0]?.url}`,
          )
        const removed = await workspaces.remove(name)
        if (removed === 'default')
          return refuseWith(
            409,
            'default_workspace',
            `workspace: ${found(name)}; the first one lasts as long as the process: reset it instead`,
          )
        return removed ? { status: 204 } : unknownWorkspace(name, workspaces)
      },
    }),
  ]
}
