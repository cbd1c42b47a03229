import type { Answerers, Call } from '../call.ts'
import { notFound } from '../refusals.ts'
import type { Entry } from '../state.ts'

const versionsOf = (testId: string, { state }: Call): readonly Entry[] =>
  state.all('test-versions').filter(({ id }) => id.startsWith(`${testId}.`))

/** Every write of a test leaves a version of it behind (v7-notes section 2). */
export function writeVersion(test: Entry, call: Call): void {
  const number = versionsOf(test.id, call).length + 1
  const { id: _, sequence: __, ...kept } = test
  call.state.put({ ...kept, collection: 'test-versions', id: `${test.id}.${number}` })
}

export function removeVersions(test: Entry, call: Call): void {
  for (const { id } of versionsOf(test.id, call)) call.state.remove('test-versions', id)
}

/** `GET /tests/{testId}/history`, newest first. */
export const testHistory = (): Answerers => ({
  getTestVersionHistory(call) {
    const test = call.state.find('tests', call.parameters['testId'] ?? '')
    if (!test || test.aid !== call.aid || test.fields['instant'] === true) return notFound
    const limit = Number(call.query.get('limit') ?? 50)
    const versions = versionsOf(test.id, call)
      .toReversed()
      .slice(0, limit)
      .map(({ id, fields }) => ({
        versionId: id.slice(test.id.length + 1),
        testId: test.id,
        versionTimestamp: fields['modifiedDate'] ?? '',
        createdBy: fields['modifiedBy'] ?? '',
      }))
    return {
      status: 200,
      body: {
        testVersionHistory: versions,
        _links: { self: { href: call.href(`/tests/${test.id}/history`) } },
      },
    }
  },
})
