import type { Call } from '../call.ts'
import { dynamicKind, type EndpointTestKind, scheduledKinds } from '../families/endpoint-test-kinds.ts'
import { testKindOf } from '../families/test-kinds.ts'
import { type JsonObject, only, without } from '../json.ts'
import type { V7Refusal, Violation } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { dashboardRequest } from './dashboard-words.ts'
import {
  endpointTestChange,
  endpointTestMistakes,
  endpointTestRequest,
  endpointTestTypeOf,
} from './endpoint-words.ts'
import { hangOnEndpointTest, labelsAreThere } from './relations.ts'

export type Section =
  | 'labels'
  | 'tags'
  | 'tests'
  | 'endpointTests'
  | 'alertRules'
  | 'dashboardFilters'
  | 'dashboards'

/** A section of a template that is deployed, in the words of v7. */
export interface AssetKind {
  readonly section: Section
  readonly collection: string
  readonly idKey: string
  /** The sections whose assets may be referred to (official document, `HandlebarsExpression`). */
  readonly refersTo: readonly Section[]
  /** Where assets of the configuration are created; undefined when there is no such place. */
  readonly path: (config: JsonObject) => string | undefined
  /** The key that says which place; `type` when left out. */
  readonly typeKey?: string
  /** What is wrong with the configuration that the request would not show. */
  readonly mistakes?: (config: JsonObject) => readonly Violation[]
  /** From the words of templates to those of the request. */
  readonly request: (config: JsonObject) => JsonObject
  /** The keys that a deployment strategy takes for the same asset; left out where none applies. */
  readonly sameIn?: readonly string[]
  /** What a deployment that finds the asset changed makes anew (official document: tests). */
  readonly isMadeAnew?: true
  /** Whether the asset may have no namesake though v7 itself would let it. */
  readonly isUnique?: true
  /** What only an update of the asset takes. */
  readonly change?: (config: JsonObject) => JsonObject | undefined
  /** Relations to other assets that the request does not have. */
  readonly relate?: (entry: Entry, config: JsonObject, call: Call) => V7Refusal | undefined
}

const endpointKindOf = (config: JsonObject): EndpointTestKind | undefined => {
  const { type, isDynamic } = endpointTestTypeOf(config)
  return [...scheduledKinds, dynamicKind].find((kind) => kind.type === type && kind.isDynamic === isDynamic)
}

const monitored: readonly Section[] = ['labels', 'tags', 'tests', 'endpointTests', 'alertRules']

/** In the order in which they are made. */
export const assetKinds: readonly AssetKind[] = [
  {
    section: 'labels',
    collection: 'test-labels',
    idKey: 'groupId',
    refersTo: [],
    // v7 has no labels: they are allowed as the tags that took their place are.
    path: () => '/tags',
    request: (config) => config,
    sameIn: ['name'],
    isUnique: true,
  },
  {
    section: 'tags',
    collection: 'tags',
    idKey: 'id',
    refersTo: [],
    path: () => '/tags',
    request: (config) => without(config, ['assignments']),
    sameIn: ['key', 'value', 'objectType'],
  },
  {
    section: 'tests',
    collection: 'tests',
    idKey: 'testId',
    refersTo: ['labels', 'tags'],
    path: ({ type }) => testKindOf(type) && `/tests/${type}`,
    request: ({ tagIds, groups, ...config }) => ({
      ...config,
      ...(tagIds !== undefined && { tags: tagIds }),
      ...(groups !== undefined && { labels: groups }),
    }),
    sameIn: ['type', 'testName'],
    isMadeAnew: true,
    relate: (test, { groups }, call) =>
      groups === undefined ? undefined : labelsAreThere(test, { field: 'groups', type: 'tests' }, call),
  },
  {
    section: 'endpointTests',
    collection: 'endpoint-tests',
    idKey: 'testId',
    refersTo: ['labels', 'tags'],
    path: (config) => endpointKindOf(config)?.path,
    typeKey: 'testType',
    mistakes: endpointTestMistakes,
    request: endpointTestRequest,
    sameIn: ['type', 'isDynamic', 'testName'],
    isMadeAnew: true,
    isUnique: true,
    change: endpointTestChange,
    relate: hangOnEndpointTest,
  },
  {
    section: 'alertRules',
    collection: 'alert-rules',
    idKey: 'ruleId',
    refersTo: ['labels', 'tags', 'tests', 'endpointTests'],
    path: () => '/alerts/rules',
    request: (config) => config,
  },
  {
    section: 'dashboardFilters',
    collection: 'dashboard-filters',
    idKey: 'id',
    refersTo: monitored,
    path: () => '/dashboards/filters',
    request: (config) => config,
    sameIn: ['name'],
  },
  {
    section: 'dashboards',
    collection: 'dashboards',
    idKey: 'dashboardId',
    refersTo: [...monitored, 'dashboardFilters'],
    path: () => '/dashboards',
    request: dashboardRequest,
    sameIn: ['title'],
    isUnique: true,
  },
]

/** An asset of a template with its placeholders filled in. */
export interface Asset {
  readonly kind: AssetKind
  readonly key: string
  readonly config: JsonObject
}

/** What makes two assets of a kind the same for a deployment strategy; undefined for kinds that have none. */
export function identityOf({ sameIn }: AssetKind, fields: JsonObject): string | undefined {
  if (!sameIn) return undefined
  const { [sameIn[0] ?? '']: first } = only(fields, sameIn)
  return first === undefined ? undefined : JSON.stringify(sameIn.map((key) => String(fields[key] ?? '')))
}
