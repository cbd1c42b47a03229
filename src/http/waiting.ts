/** Those who wait, first come first served, and some before all others. */
export interface Waiting<Item> {
  add(item: Item, isUrgent: boolean): void
  /** The next one, which waits no longer; undefined when nobody does. */
  take(): Item | undefined
  length(): number
}

/** A line whose head goes without moving all behind it. */
interface Line<Item> {
  items: (Item | undefined)[]
  gone: number
}

function takeFrom<Item>(line: Line<Item>): Item | undefined {
  const item = line.items[line.gone]
  line.items[line.gone] = undefined
  line.gone += 1
  if (line.gone === line.items.length) {
    line.items = []
    line.gone = 0
  }
  return item
}

const lengthOf = <Item>({ items, gone }: Line<Item>): number => items.length - gone

export function openWaiting<Item>(): Waiting<Item> {
  const urgent: Line<Item> = { items: [], gone: 0 }
  const others: Line<Item> = { items: [], gone: 0 }
  return {
    add: (item, isUrgent) => void (isUrgent ? urgent : others).items.push(item),
    take() {
      const line = lengthOf(urgent) > 0 ? urgent : others
      return lengthOf(line) > 0 ? takeFrom(line) : undefined
    },
    length: () => lengthOf(urgent) + lengthOf(others),
  }
}
