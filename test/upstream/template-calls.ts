import { expect } from 'vitest'
import { type CallOptions, type Calls, type Came, openCalls } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

/** What an endpoint test of a template says, beside its type and where to. */
export const laptopsTest = {
  testName: '{{name}} - laptops',
  testCategory: 'SCHEDULED_TEST',
  genericConfig: { interval: 300, priority: 0 },
  networkConfig: {},
  machineConfig: { maxMachines: 25 },
}

/** Calls on variants of one template. */
export interface TemplateCalls extends Calls {
  /** @returns the id of the template with the change */
  newTemplate(change?: object): Promise<string>
  deploy(id: string, body?: object, options?: CallOptions): Promise<Came>
  /** A deployment that is refused. @returns the first field that is wrong */
  refusal(
    id: string,
    body?: object,
    options?: CallOptions,
  ): Promise<readonly [status: number, field: string | undefined]>
}

/** @param given what a deployment says when it is not told otherwise */
export async function openTemplates(template: object, given: object = {}): Promise<TemplateCalls> {
  const calls = await openCalls()
  const deploy: TemplateCalls['deploy'] = (id, body, options) =>
    calls.call('POST', `/templates/${id}/deploy`, { ...options, body: { name: 'Paris', ...given, ...body } })
  return {
    ...calls,
    deploy,
    async newTemplate(change) {
      const { status, body } = await calls.call('POST', '/templates', { body: { ...template, ...change } })
      expect([status, violations('TemplateResponse', body)]).toEqual([201, []])
      return body.id
    },
    async refusal(...asked) {
      const { status, body } = await deploy(...asked)
      return [status, body.errors?.[0].field]
    },
  }
}
