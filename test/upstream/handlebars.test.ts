/** Our Handlebars beside that of its own authors, and what ours refuses. */
import Handlebars from 'handlebars'
import { describe, expect, test } from 'vitest'
import { parse } from '#upstream/emulator/handlebars/parse.ts'
import { render } from '#upstream/emulator/handlebars/render.ts'
import type { Json } from '#upstream/emulator/json.ts'

const named = {
  name: 'Austin',
  zero: 0,
  no: false,
  yes: true,
  empty: '',
  none: [],
  list: ['a', 'b', 'c'],
  sites: [
    { host: 'one.example', key: 'x', ports: [80, 443] },
    { host: 'two.example', key: 'y', ports: [] },
  ],
  map: { x: 'X', y: 'Y', 'odd key': 'O' },
  deep: { a: { b: { c: 'C' } } },
}

const budget = (steps = 100_000, characters = 1_048_576) => ({ steps, characters })
const ours = (text: string, left = budget()): Json =>
  render(parse(text), { shown: named, written: named }, left)
const theirs = (text: string): string => Handlebars.compile(text, { noEscape: true })(named)

describe('a text in Handlebars', () => {
  test.each([
    'x {{name}} {{{name}}} {{&name}} {{[name]}} {{"name"}} {{./name}} {{this.name}} {{@root.name}}',
    'x {{deep.a.b.c}} {{deep/a/b/c}} {{map.[odd key]}}',
    ' x {{~name~}} y {{! not shown }} z {{!-- nor }} this --}}',
    '{{#if yes}}A{{else}}B{{/if}} {{#if zero}}A{{else}}B{{/if}} {{#if zero includeZero=true}}A{{/if}}',
    '{{#if none}}A{{else if empty}}B{{else if name}}C{{else}}D{{/if}}',
    '{{#unless no}}A{{/unless}}{{#unless name}}A{{^}}B{{/unless}}{{^if no}}C{{/if}}',
    '{{#each list}}{{@index}}:{{this}}{{#if @first}} first{{/if}}{{#unless @last}}, {{/unless}}{{/each}}',
    '{{#each map}}{{@key}}={{this}};{{/each}}{{#each none}}x{{else}}nobody{{/each}}',
    '{{#each sites}}{{host}} of {{../name}}: {{#each ports}}{{@../index}}/{{this}} {{../host}} {{/each}}{{/each}}',
    '{{#each sites as |site number|}}{{number}} {{site.host}} {{lookup ../map site.key}};{{/each}}',
    '{{#with deep.a as |inner|}}{{inner.b.c}} {{b.c}} {{../name}}{{/with}}{{#with empty}}x{{else}}y{{/with}}',
    '{{#list}}{{this}} {{/list}}{{#yes}}{{name}}{{/yes}}{{^no}}N{{/no}}{{#deep}}{{a.b.c}}{{/deep}}',
    '{{lookup list 1}} {{lookup (lookup sites 0) "host"}} {{#if (lookup map "z")}}A{{else}}B{{/if}}',
    '\\{{name}} {{name}} \\\\{{name}} \\{{a}} \\{{b}}',
    'one\n  {{#if yes}}\n  two\n  {{else}}\n  three\n  {{/if}}\nfour\n{{! five }}\nsix',
    '{{#each list}}\n- {{this}}\n{{/each}}\nend',
    '{{#if yes~}}\n  A\n{{~else~}}\n  B\n{{~/if}} C',
  ])('%j says what it says to everybody', (text) => {
    expect(ours(text)).toBe(theirs(text))
  })

  test('says so whatever it is put together from', () => {
    const random = numbers(20_261_126)
    let compared = 0
    for (let round = 0; round < 600; round += 1) {
      const text = `x${madeUp(3, random)}`
      const said = attempt(() => theirs(text))
      const say = attempt(() => ours(text))
      // Ours tells when a path leads to nothing, and writes lists and objects as JSON.
      if (String(say).includes('leads to nothing') || /\[object|,|[[{"]/.test(`${said}${say}`)) continue
      expect([text, say instanceof Error]).toEqual([text, said instanceof Error])
      if (!(said instanceof Error)) expect([text, say]).toEqual([text, said])
      compared += 1
    }
    expect(compared).toBeGreaterThan(100)
  })

  test('that is one expression is its value, through blocks that choose as well', () => {
    expect(ours(' {{sites}} ')).toEqual(named.sites)
    expect(ours('{{#if no}}{{list}}{{else}}{{lookup sites 0}}{{/if}}')).toEqual(named.sites[0])
    expect(ours('{{! ports }}{{#with deep}}{{a}}{{/with}}')).toEqual(named.deep.a)
    expect(ours('{{#each none}}x{{/each}}{{log name}}')).toBe('')
    expect(ours('every {{sites.0.ports}}')).toBe('every [80,443]')
  })
})

describe('refused are', () => {
  test.each([
    ['{{upper name}}', 'calls upper'],
    ['{{#upper name}}{{/upper}}', 'calls #upper'],
    ['{{#if (eq name "a")}}{{/if}}', 'calls eq'],
    ['{{> header}}', 'has a partial'],
    ['{{#> header}}{{/header}}', 'has a partial'],
    ['{{#*inline "a"}}{{/inline}}', 'has a decorator'],
    ['{{{{raw}}}}{{{{/raw}}}}', 'has a raw block'],
    ['{{#if yes}}', 'does not close if'],
    ['{{#if yes}}{{/each}}', 'closes each where if is open'],
    ['{{/if}}', 'closes if, which is not open'],
    ['{{else}}', 'belongs to no block'],
    ['{{#if}}{{/if}}', 'gives #if 0 arguments'],
    ['{{name', 'is no Handlebars expression at character 7'],
    ['{{}}', 'is no Handlebars expression at character 3'],
    ['{{name}}}', 'is no Handlebars expression at character 7'],
    ['{{"name}}', 'is no Handlebars expression'],
    ['{{deep.this}}', 'is no Handlebars expression'],
    ['{{nobody}}', '{{nobody}} leads to nothing'],
    ['{{name.constructor}}', 'leads to nothing'],
    ['{{lookup map "__proto__"}}', 'leads to nothing'],
    ['{{#with list as |l|}}{{l.constructor}}{{/with}}', 'leads to nothing'],
    ['{{lookup this "constructor"}}', 'leads to nothing'],
  ])('%s: it %s', (text, message) => {
    expect(() => ours(text)).toThrow(message)
  })

  test.each([
    ['nested blocks', '{{#if yes}}'.repeat(60) + '{{/if}}'.repeat(60), 'more than 50 levels'],
    ['chained blocks', `{{#if no}}${'{{else if no}}'.repeat(500)}{{/if}}`, 'more than 50 levels'],
    ['nested parentheses', `{{lookup ${'(lookup '.repeat(100_000)}`, 'more than 20 levels'],
    ['tags', '{{name}}'.repeat(100_000), 'more than 20000 tags'],
    ['parameters', `{{log ${'name '.repeat(100_000)}}}`, 'more than 20000 tags'],
    ['segments', `{{${'a.'.repeat(100_000)}a}}`, 'more than 20000 tags'],
    ['quotes', `{{"${'\\"'.repeat(100_000)}`, 'no Handlebars expression'],
    ['spaces', `{{name${' '.repeat(1_000_000)}!}}`, 'no Handlebars expression'],
  ])('too many %s', (_, text, message) => {
    expect(() => ours(text)).toThrow(message)
  })

  test.each([
    ['a long path', `{{#if a${'.a'.repeat(999)}}}{{/if}}`],
    ['a long way out', `{{#if ${'../'.repeat(999)}a}}{{/if}}`],
    ['many lookups', `{{#if ${'(lookup '.repeat(19)}name ${'0) '.repeat(18)}0)}}{{/if}}`],
  ])('rounds that each take %s', (_, body) => {
    const text = `x{{#each list}}${body}{{/each}}`
    const short = budget()
    ours('x{{#each list}}{{#if a}}{{/if}}{{/each}}', short)
    const used = budget()
    ours(text, used)
    expect(short.steps - used.steps).toBeGreaterThan(3 * 18)
    expect(() => ours(text, budget(30))).toThrow('too many steps')
  })
  test('loops that take more steps, or write more, than they may', () => {
    const left = budget(1_000)
    const loops = '{{#each @root.list}}'.repeat(9) + '{{/each}}'.repeat(9)
    expect(() => ours(loops, left)).toThrow('too many steps')
    expect(() =>
      ours(`{{#each list}}{{#each ../list}}${'x'.repeat(20)}{{/each}}{{/each}}`, budget(100, 100)),
    ).toThrow('too long')
  })

  test('secrets to helpers, which could tell of them by what they do', () => {
    const secret = { ...named, pin: '1234' }
    const say = (text: string) => render(parse(text), { shown: named, written: secret }, budget())
    expect(say('{{pin}} {{#if yes}}{{pin}}{{/if}} {{@root.pin}}')).toBe('1234 1234 1234')
    expect(say('{{#if pin}}A{{else}}B{{/if}}')).toBe('B')
    for (const text of [
      '{{lookup map pin}}',
      '{{lookup this "pin"}}',
      '{{#with pin}}{{this}}{{else}}{{nope}}{{/with}}',
    ])
      expect(() => say(text)).toThrow('leads to nothing')
  })
})

/** Numbers from 0 to 1, the same ones each time. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    return state / 0x7fffffff
  }
}

const paths = (
  'name zero no yes list sites map deep.a this ../name @root.name @index @key @first @last host key ports map.x . ' +
  '../this one one.key @../index none empty'
).split(' ')
const gaps = ['a', ' ', '\n', '\n  ', '  \n', 'x\n', '\r\n', ' b ', '\t\n']
const blocks = ['if', 'unless', 'each', 'with', 'list', 'yes', 'sites', 'map']

/** A text of made-up tags. */
function madeUp(levels: number, random: () => number): string {
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? ''
  const tilde = () => (random() < 0.15 ? '~' : '')
  const block = (): string => {
    const by = pick(blocks)
    const operand = blocks.indexOf(by) < 4 ? ` ${pick(paths)}` : ''
    const names = operand !== '' && random() < 0.2 && ['each', 'with'].includes(by) ? ' as |one other|' : ''
    const otherwise =
      random() < 0.4 ? `{{${tilde()}${pick(['else', '^'])}${tilde()}}}${madeUp(levels - 1, random)}` : ''
    const open = `{{${tilde()}${pick(['#', '#', '#', '^'])}${by}${operand}${names}${tilde()}}}`
    return `${open}${madeUp(levels - 1, random)}${otherwise}{{${tilde()}/${by}${tilde()}}}`
  }
  const kinds = [
    () => pick(gaps),
    () => pick(gaps),
    () => `{{${tilde()}${pick(paths)}${tilde()}}}`,
    () => pick(['{{! c }}', '{{!-- c ~}} --~}}', `\\{{${pick(paths)}}}`, `\\\\{{${pick(paths)}}}`]),
    () => `{{lookup ${pick(paths)} ${pick(['"x"', '0', '"key"', ...paths])}}}`,
    () => (levels > 0 ? block() : ''),
    () => (levels > 0 ? block() : ''),
  ]
  const count = 1 + Math.floor(random() * 4)
  return Array.from({ length: count }, () => kinds[Math.floor(random() * kinds.length)]?.()).join('')
}

function attempt(make: () => Json): Json | Error {
  try {
    return make()
  } catch (error) {
    return error as Error
  }
}
