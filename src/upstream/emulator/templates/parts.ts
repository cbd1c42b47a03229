/**
 * What is checked of a template when it is written. Its assets are not held against their schemas: the document's own examples do
 * not fit these, and placeholders decide what they are. v7 judges them when they are deployed.
 */
import { isJsonObject, type JsonObject, objectOf } from '../json.ts'
import type { Model } from '../model.ts'
import type { Violation } from '../refusals.ts'
import { violationsOf } from '../validate.ts'
import { assetKinds } from './asset-kinds.ts'

/** Maps whose values have a schema of their own that holds. */
const schemaOf: Readonly<Record<string, string>> = {
  userInputs: 'UserInput',
  deploymentStrategy: 'DeploymentStrategy',
  resourceInclusion: 'ResourceInclusion',
}

const wrongIn = (given: JsonObject, name: string, model: Model): readonly Violation[] =>
  Object.entries(objectOf(given[name])).flatMap(([key, value]) =>
    violationsOf(model, model.schema(schemaOf[name] ?? ''), value).map(({ field, message }) => ({
      field: field === 'body' ? `${name}.${key}` : `${name}.${key}.${field}`,
      message,
    })),
  )

const wrongAssets = (given: JsonObject): readonly Violation[] =>
  assetKinds.flatMap(({ section }) => {
    const assets = given[section]
    if (assets !== undefined && !isJsonObject(assets))
      return [{ field: section, message: 'must be an object.' }]
    return Object.entries(objectOf(assets)).flatMap(([key, asset]) =>
      isJsonObject(asset) ? [] : [{ field: `${section}.${key}`, message: 'must be an object.' }],
    )
  })

/** What is wrong with a template that is written. */
export const wrongParts = (template: JsonObject, model: Model): readonly Violation[] => [
  ...Object.keys(schemaOf).flatMap((name) => wrongIn(template, name, model)),
  ...wrongAssets(template),
]

/** What is wrong with what a deployment puts over its template. */
export const wrongOverrides = (body: JsonObject, model: Model): readonly Violation[] => [
  ...wrongIn(body, 'resourceInclusion', model),
  ...wrongAssets(body),
]
