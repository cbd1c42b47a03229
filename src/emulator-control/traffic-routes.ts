import { z } from 'zod'
import type { Exchange, ExchangeQuery } from '#traffic/traffic.ts'
import { faultAnswer, faultBody, faultRule, unknownName } from './faults.ts'
import { digits, members, text } from './members.ts'
import type { EmulatorControlParts } from './parts.ts'
import { allowedAre, type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlRoute, route } from './route.ts'

/** Every request asks them all, one after the other. */
const maxFaults = 100

const tooManyFaults: ControlRefusal = refuseWith(
  409,
  'too_many_faults',
  `found ${maxFaults} standing faults; allowed are at most ${maxFaults}: remove one, or all with DELETE /emulator/faults`,
)

function faultRoutes({ traffic, names }: EmulatorControlParts): readonly ControlRoute[] {
  const { faults } = traffic
  const unknownFault = (id: string): ControlRefusal =>
    refuseWith(
      404,
      'unknown_fault',
      `fault: ${found(id)}; ${allowedAre(faults.list().map((fault) => fault.id))}`,
    )
  return [
    route({
      method: 'GET',
      path: '/emulator/faults',
      answer: () => ({ status: 200, body: { faults: faults.list().map(faultAnswer) } }),
    }),
    route({
      method: 'POST',
      path: '/emulator/faults',
      body: faultBody,
      answer: ({ body }) => {
        const rule = faultRule(body, names)
        if ('kind' in rule) return rule
        if (faults.list().length >= maxFaults) return tooManyFaults
        const standing = faults.add(rule)
        return { status: 201, body: faultAnswer(standing), location: `/emulator/faults/${standing.id}` }
      },
    }),
    route({
      method: 'DELETE',
      path: '/emulator/faults',
      answer: () => {
        faults.clear()
        return { status: 204 }
      },
    }),
    route({
      method: 'GET',
      path: '/emulator/faults/{id}',
      answer: ({ params: { id = '' } }) => {
        const fault = faults.list().find((one) => one.id === id)
        return fault ? { status: 200, body: faultAnswer(fault) } : unknownFault(id)
      },
    }),
    route({
      method: 'DELETE',
      path: '/emulator/faults/{id}',
      answer: ({ params: { id = '' } }) => (faults.remove(id) ? { status: 204 } : unknownFault(id)),
    }),
  ]
}

const surfaceWords = 'allowed are oauth, v7, pages'
const methodWords = 'allowed is a method, as POST'
const pathWords = 'allowed is the beginning of a path, as /v7/tests'

const filters = {
  surface: z.enum(['oauth', 'v7', 'pages'], surfaceWords).optional(),
  name: text('allowed is a name of an endpoint or operation', 200).optional(),
  method: z
    .string(methodWords)
    .regex(/^[A-Za-z]{1,20}$/, methodWords)
    .transform((method) => method.toUpperCase())
    .optional(),
  path: z
    .string(pathWords)
    .regex(/^\/.{0,2000}$/, pathWords)
    .optional(),
  status: digits(100, 599).optional(),
  clientId: text('allowed is a client id', 128).optional(),
  after: digits(0, 999_999_999_999).optional(),
}

const findQuery = members({ ...filters, limit: digits(1, 10_000).default(100) })
/** The timeout is in seconds: what proxies and programs wait for an answer is not much more. */
const nextQuery = members({ ...filters, timeout: digits(0, 60).default(10) })

type Filters = { readonly [Key in keyof ExchangeQuery]?: ExchangeQuery[Key] | undefined }

/** Only what was given: a filter that says nothing matches everything. */
const given = (query: Filters): ExchangeQuery =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))

const exchangeAnswer = (exchange: Exchange): object => ({
  ...exchange,
  at: new Date(exchange.at).toISOString(),
})

function journalRoutes({ traffic, names }: EmulatorControlParts): readonly ControlRoute[] {
  const { journal } = traffic
  const nameProblem = ({ name }: Filters): ControlRefusal | undefined =>
    name === undefined || names.includes(name) ? undefined : unknownName('name', name, names)
  return [
    route({
      method: 'GET',
      path: '/emulator/journal',
      query: findQuery,
      answer: ({ query }) =>
        nameProblem(query) ?? {
          status: 200,
          body: { exchanges: journal.find(given(query)).map(exchangeAnswer), lastId: journal.lastId() },
        },
    }),
    route({
      method: 'GET',
      path: '/emulator/journal/next',
      query: nextQuery,
      answer: async ({ query: { timeout, ...query }, signal }) => {
        const problem = nameProblem(query)
        if (problem) return problem
        const exchange = await journal.next(given(query), { timeoutMs: timeout * 1_000, signal })
        return exchange
          ? { status: 200, body: exchangeAnswer(exchange) }
          : refuseWith(404, 'nothing_came', `Nothing that matches was answered within ${timeout} seconds.`)
      },
    }),
    route({
      method: 'DELETE',
      path: '/emulator/journal',
      answer: () => {
        journal.clear()
        return { status: 204 }
      },
    }),
  ]
}

/** What passes over the public listener: broken on purpose, and looked at afterwards. */
export function trafficRoutes(parts: EmulatorControlParts): readonly ControlRoute[] {
  return [...faultRoutes(parts), ...journalRoutes(parts)]
}
