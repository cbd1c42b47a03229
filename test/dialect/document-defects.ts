/** Where the official document contradicts itself, or what it says elsewhere, so that no answer could be as it says. */
interface Defect {
  /** A schema without its API's prefix. */
  readonly schema: RegExp
  /** The key that it requires in vain; without one nothing that the schema says is held against answers. */
  readonly key?: string
  readonly reason: string
}

export const defects: readonly Defect[] = [
  {
    schema: /^SipServer(?:Properties|\w*Request)$/,
    key: 'port',
    reason: 'flattened: the port is part of targetSipCredentials, and the schema itself defines none',
  },
  {
    schema: /^(?:Test|AlertRule|Endpoint\w*)Config(?:uration)?Template$/,
    reason:
      'has the words of v6 alone, although SchemaVersionConfig lets the contents of a template be in those of v7',
  },
]

const bare = (schema: string): string => schema.replace(/^.*?_API_/, '')

/** Whether the schema requires the key in vain. */
export const isVainlyRequired = (schema: string, key: string): boolean =>
  defects.some((defect) => defect.key === key && defect.schema.test(bare(schema)))

/** Whether nothing can be held against the schema. */
export const isUnusable = (schema: string): boolean =>
  defects.some((defect) => defect.key === undefined && defect.schema.test(bare(schema)))
