import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import { textsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { seesAgent } from './agent-relations.ts'
import { showAgent } from './agent-show.ts'

const readOnly = { owner: 'account-group', newId: () => '' } as const

const families: readonly Family[] = [
  { ...readOnly, path: '/monitors', collection: 'monitors', idKey: 'monitorId' },
  { ...readOnly, path: '/agents/proxies', collection: 'agent-proxies', idKey: 'proxyId' },
  {
    ...readOnly,
    path: '/agents/notification-rules',
    collection: 'agent-notification-rules',
    idKey: 'ruleId',
    show: (rule, call) => ({
      ...rule.fields,
      agents: textsOf(rule.fields['agents']).flatMap((id) => {
        const agent = call.state.find('agents', id)
        return agent && seesAgent(agent, call) ? [showAgent(agent, call)] : []
      }),
    }),
  },
]

/** What v7 only shows: monitors, agent proxies and notification rules. */
export const catalogues = (model: Model): Answerers =>
  Object.assign({}, ...families.map((family) => crud(family, model)))
