import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import type { EmulatorControlParts } from './parts.ts'
import { type ControlRoute, route } from './route.ts'

const documentFile = new URL('../../config/control/openapi.yaml', import.meta.url)

const resources = [
  'snapshots',
  'workspaces',
  'clock',
  'users',
  'integrations',
  'faults',
  'journal',
  'outbox',
] as const

/** What there is: the first page of the control API, and its document for programs. */
export function contentsRoutes({ workspace, v7Document }: EmulatorControlParts): readonly ControlRoute[] {
  const at = (path: string): string => `${workspace.url}/emulator/${path}`
  return [
    route({
      method: 'GET',
      path: '/emulator',
      answer: () => ({
        status: 200,
        body: {
          title: 'Control API of the Panoptes emulator',
          workspace: workspace.name,
          url: workspace.url,
          openapi: at('openapi.json'),
          v7Openapi: at('v7/openapi.json'),
          links: Object.fromEntries(resources.map((name) => [name, at(name)])),
        },
      }),
    }),
    // Read when it is asked for: few starts ever need it.
    route({
      method: 'GET',
      path: '/emulator/openapi.json',
      answer: () => ({ status: 200, body: load(readFileSync(documentFile, 'utf8')) as object }),
    }),
    route({
      method: 'GET',
      path: '/emulator/openapi.yaml',
      answer: () => ({ status: 200, body: readFileSync(documentFile, 'utf8'), type: 'application/yaml' }),
    }),
    route({
      method: 'GET',
      path: '/emulator/v7/openapi.json',
      answer: async () => ({ status: 200, body: await v7Document() }),
    }),
  ]
}
