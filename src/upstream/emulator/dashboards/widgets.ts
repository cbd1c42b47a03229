import type { Call } from '../call.ts'
import { type JsonObject, objectOf, objectsOf, textOf } from '../json.ts'
import type { Model, Schema } from '../model.ts'
import { defaultsOf, suppliedFields } from '../project.ts'
import { submetricsOf } from './submetrics.ts'
import { allIdsOf, idsOf, type Mint, mintFor, partKeys, withIds } from './widget-ids.ts'

/** The schema of a widget of this type. @returns undefined when there is no such type */
function schemaOf(model: Model, { type }: JsonObject): Schema | undefined {
  const name = model.schema('ApiWidget').discriminator?.mapping[String(type)]
  return name === undefined ? undefined : model.schema(name)
}

/** What the widget type knows of what was given, over its defaults. */
function settingsOf(model: Model, widget: JsonObject): JsonObject {
  const schema = schemaOf(model, widget)
  if (!schema) return widget
  const fields: JsonObject = { ...defaultsOf(model, schema), ...suppliedFields(model, schema, widget) }
  return 'showSubmetrics' in fields && submetricsOf(fields['metric']).length === 0
    ? { ...fields, showSubmetrics: null }
    : fields
}

/** The cards or columns of a widget, each with its id. */
function partsOf(widget: JsonObject, stored: JsonObject, mint: Mint): JsonObject {
  const present = partKeys.filter((key) => widget[key] !== undefined)
  return Object.fromEntries(
    present.map((key) => {
      const parts = withIds(objectsOf(widget[key]), idsOf(objectsOf(stored[key])), mint)
      return [key, parts.map(({ part: { _links, ...part } }) => part)]
    }),
  )
}

/** The id in a position of the layout: the document's example puts a word before it. */
const positionPrefix = 'widgetId-'

/** Positions of widgets that are there, under the ids that those got. */
function layoutFor(layout: JsonObject, ids: ReadonlyMap<string, string>): JsonObject {
  const details = objectOf(layout['details'])
  if (details['widgetPositioning'] === undefined) return layout
  const widgetPositioning = objectsOf(details['widgetPositioning']).flatMap(
    (position): readonly JsonObject[] => {
      const named = textOf(position['id'])
      if (named === undefined) return [position]
      const id = ids.get(named.replace(positionPrefix, ''))
      return id === undefined ? [] : [{ ...position, id: `${positionPrefix}${id}` }]
    },
  )
  return { ...layout, details: { ...details, widgetPositioning } }
}

/** Widgets and layout as they are stored. @param before the widgets that the dashboard has until now */
export function arranged(fields: JsonObject, before: readonly JsonObject[], call: Call): JsonObject {
  const mint = mintFor(call, allIdsOf(before))
  const given = withIds(objectsOf(fields['widgets']), idsOf(before), mint)
  const widgets = given.map(({ part, id }) => {
    const stored = before.find((one) => one['id'] === id) ?? {}
    return { ...settingsOf(call.model, part), ...partsOf(part, stored, mint), id }
  })
  // A new dashboard may lay its widgets out by the ids that it came with.
  const ids = new Map(given.map(({ asked, id }) => [asked ?? id, id]))
  const layout = fields['layout']
  return {
    ...fields,
    widgets,
    ...(layout !== undefined && { layout: layoutFor(objectOf(layout), ids) }),
  }
}

/** Where a widget is shown. */
export interface Place {
  /** Of what the widget is in, below /v7. */
  readonly path: string
  /** Whether cards and columns have addresses of their own there. */
  readonly hasParts: boolean
}

/** A stored widget with the addresses of what it shows, and of what its parts show. */
export function showWidget(widget: JsonObject, { path, hasParts }: Place, { href }: Call): JsonObject {
  const own = `${path}/widgets/${widget['id']}`
  const self = href(own)
  const parts = (key: string, word: string): JsonObject =>
    widget[key] === undefined || !hasParts
      ? {}
      : {
          [key]: objectsOf(widget[key]).map((part) => ({
            ...part,
            _links: { self: { href: href(`${own}/${word}/${part['id']}`) } },
          })),
        }
  return {
    ...widget,
    ...parts('numberCards', 'cards'),
    ...parts('multiMetricColumns', 'columns'),
    // There is no web application here to embed from.
    ...(widget['isEmbedded'] === true && { embedUrl: self }),
    apiLink: self,
    _links: { self: { href: self } },
  }
}
