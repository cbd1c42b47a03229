/** What an expression of Prometheus asks for, by Prometheus' own grammar. */
import { parser } from '@prometheus-io/lezer-promql'

export interface Matcher {
  readonly label: string
  /** `=`, `!=`, `=~` or `!~`. */
  readonly operator: string
  readonly value: string
}

export interface Selector {
  readonly metric: string
  readonly matchers: readonly Matcher[]
}

export interface Asked {
  readonly selectors: readonly Selector[]
  /** Labels that results are grouped by. */
  readonly groupings: readonly string[]
}

type Node = ReturnType<typeof parser.parse>['topNode']

const below = (node: Node, name: string): readonly Node[] => {
  const found: Node[] = []
  node.cursor().iterate((one) => {
    if (one.name === name) found.push(one.node)
  })
  return found
}

/** What Grafana puts in before Prometheus sees it. */
const withoutVariables = (text: string): string =>
  text.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h').replaceAll('$instance', '.*')

/** @throws Error when it is no expression */
export function askedBy(expression: string): Asked {
  const text = withoutVariables(expression)
  const { topNode } = parser.parse(text)
  const textOf = (node: Node | undefined): string => (node ? text.slice(node.from, node.to) : '')
  const selectors = below(topNode, 'VectorSelector').map((selector) => ({
    metric: textOf(below(selector, 'Identifier')[0]),
    matchers: below(selector, 'UnquotedLabelMatcher').map((matcher) => ({
      label: textOf(below(matcher, 'LabelName')[0]),
      operator: textOf(below(matcher, 'MatchOp')[0]),
      value: textOf(below(matcher, 'StringLiteral')[0]).slice(1, -1),
    })),
  }))
  if (selectors.length === 0 || below(topNode, '⚠').length > 0) throw new Error(`no expression: ${text}`)
  const groupings = below(topNode, 'GroupingLabels').flatMap((labels) =>
    below(labels, 'LabelName').map((label) => textOf(label)),
  )
  return { selectors, groupings }
}
