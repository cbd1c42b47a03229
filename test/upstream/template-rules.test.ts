import { beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '#upstream/emulator/model.ts'
import { type Calls, openCalls } from './emulator-calls.ts'
import { examples, type RuleRow } from './rule-rows.ts'

const rules = (await loadModel()).rules()

let calls: Calls
beforeAll(async () => {
  calls = await openCalls()
})

/** The section of a template for what is created at a place, and what names its objects. */
const sections: Readonly<Record<string, readonly [section: string, name: string]>> = {
  '/tests': ['tests', 'testName'],
  '/alerts': ['alertRules', 'ruleName'],
}

const sectionOf = ({ at }: RuleRow) => sections[`/${at.split('/')[1]}`]
const deployed = examples.rows.filter((row) => sectionOf(row) !== undefined)

let count = 0
/** Makes a template with the object of an example as its one asset, and deploys it. */
async function deploy(row: RuleRow, breaks: object = {}) {
  count += 1
  const [section = '', name = ''] = sectionOf(row) ?? []
  const type = section === 'tests' ? { type: row.at.split('/').at(-1) } : {}
  const asset = { ...examples.bases[row.at], [name]: `asset-${count}`, ...type, ...row.keeps, ...breaks }
  // In a template double braces are its own.
  const text = JSON.stringify({ name: `template-${count}`, userInputs: {}, [section]: { one: asset } })
  const made = await calls.call('POST', '/templates', { body: text.replaceAll(/\{\{\w+\}\}/g, '7') })
  expect(made.status, made.text).toBe(201)
  return calls.call('POST', `/templates/${made.body.id}/deploy`, { body: { userInputValues: {} } })
}

const stored = async () => [
  (await calls.call('GET', '/tests')).text,
  (await calls.call('GET', '/alerts/rules')).text,
]

describe('a template whose asset breaks a rule between fields', () => {
  test.each(deployed.map((row) => [row.id, row] as const))('%s: is not deployed', async (_, row) => {
    const right = await deploy(row)
    expect(right.status, right.text).toBe(200)
    const before = await stored()
    const wrong = await deploy(row, row.breaks)
    const field = `${sectionOf(row)?.[0]}.one.${row.field ?? rules.find(({ id }) => id === row.id)?.field}`
    expect([wrong.status, wrong.text.includes(`Error in field ${field} :`)], wrong.text).toEqual([400, true])
    expect(await stored()).toEqual(before)
  })
})
