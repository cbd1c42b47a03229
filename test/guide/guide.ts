/** The guide as data: its sections, their blocks of code, and the outcomes that a shell block announces. */

interface Block {
  readonly language: string
  readonly text: string
}

export interface Section {
  readonly title: string
  readonly blocks: readonly Block[]
}

/** @param markdown with `## ` headings and fences of three backticks */
export function sectionsOf(markdown: string): readonly Section[] {
  const [, ...sections] = `\n${markdown}`.split('\n## ')
  return sections.map((section) => ({
    title: section.split('\n', 1)[0] ?? '',
    blocks: [...section.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
      language,
      text,
    })),
  }))
}

/** The only block of a language in a section. @throws Error when there are none or several */
export function onlyBlock({ title, blocks }: Section, language: string): string {
  const [block, ...more] = blocks.filter((one) => one.language === language)
  if (block === undefined || more.length > 0)
    throw new Error(`${title}: found ${more.length + (block ? 1 : 0)} blocks of ${language}; wanted one`)
  return block.text
}

/** One announced outcome: what is printed since the one before. */
export interface Outcome {
  /** The last line of code above. */
  readonly after: string
  readonly prints: string
}

/** The outcomes that a shell block announces, in lines `# -> ...`; what follows the last one prints nothing. */
export function announcedBy(block: string): readonly Outcome[] {
  const outcomes: Outcome[] = []
  let after = ''
  for (const line of block.trimEnd().split('\n')) {
    const prints = /^# -> (.+)$/.exec(line)?.[1]
    if (prints !== undefined) outcomes.push({ after, prints })
    else if (line !== '' && !line.startsWith('#')) after = line
  }
  return outcomes
}

const mark = '=== an outcome is announced here ==='

/** A shell block that marks in what it prints where each outcome is announced. */
export const marked = (block: string): string => block.replace(/^# -> .*$/gm, `echo '${mark}'`)

/** What a marked block really printed, in the form of what it announces; anything printed after the last mark is one more. */
export function observedIn(printed: string, announced: readonly Outcome[]): readonly Outcome[] {
  const pieces = printed.split(mark).map((piece) => piece.trim())
  return pieces
    .map((prints, index) => ({ after: announced[index]?.after ?? 'the end of the block', prints }))
    .filter(({ prints }, index) => index < pieces.length - 1 || prints !== '')
}
