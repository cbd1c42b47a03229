import type { Answer, Answerers, Call } from '../call.ts'
import { isJsonObject, textsOf } from '../json.ts'
import { project } from '../project.ts'
import { invalidField, notFound, type V7Refusal } from '../refusals.ts'
import { seesAgent, setAgentTests, testsOn } from './agent-relations.ts'
import { showAgent } from './agent-show.ts'

type Choose = (current: readonly string[], asked: readonly string[]) => readonly string[]

/** All or nothing: one test that does not exist here refuses the whole request (v7-notes section 10, 2). */
const change =
  (choose: Choose) =>
  (call: Call): Answer | V7Refusal => {
    const agent = call.state.find('agents', call.parameters['agentId'] ?? '')
    if (!agent || !seesAgent(agent, call)) return notFound
    const asked = isJsonObject(call.body) ? textsOf(call.body['testIds']) : []
    const stray = asked.find((id) => {
      const test = call.state.find('tests', id)
      return test?.aid !== call.aid || test.fields['instant'] === true
    })
    if (stray !== undefined)
      return invalidField('testIds', `There is no test ${stray} in this account group.`)
    const current = testsOn(agent.id, call.state, call.aid).map(({ id }) => id)
    setAgentTests(agent.id, new Set(choose(current, asked)), call)
    const expand = new Set([...call.expand, 'test'])
    const shown = project(
      call.model,
      call.model.schema('AgentDetails'),
      showAgent(agent, { ...call, expand }),
    )
    return {
      status: 200,
      body: {
        ...(isJsonObject(shown) ? shown : {}),
        _links: { self: { href: call.href(`/agents/${agent.id}`) } },
      },
    }
  }

/** Assign adds, override replaces, unassign takes away; what is there already, or not, does not matter. */
export const agentTests = (): Answerers => ({
  assignTests: change((current, asked) => [...current, ...asked]),
  overwriteTests: change((_, asked) => asked),
  unassignTests: change((current, asked) => current.filter((id) => !asked.includes(id))),
})
