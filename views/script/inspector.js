// The inspector's pages: new exchanges as they come, and copying. Without it the page has a link Refresh.

const maxRows = 200

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    const before = button.textContent
    await navigator.clipboard.writeText(button.dataset.copy)
    button.textContent = 'Copied'
    setTimeout(() => {
      button.textContent = before
    }, 2000)
  })
}

function element(name, text = '', attributes = {}) {
  const made = document.createElement(name)
  made.textContent = text
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  return made
}

const cell = (label, ...children) => {
  const made = element('td', '', { role: 'cell', 'data-label': label })
  made.append(...children)
  return made
}

const tag = (text) => element('span', text, { class: 'tag' })

/** One child, as a cell is a grid of its label and one value on small screens. */
const together = (...children) => {
  const made = element('span')
  made.append(...children)
  return made
}

function rowOf(row) {
  const made = element('tr', '', { role: 'row', class: row.isRefusal ? 'refused new' : 'new' })
  made.append(
    cell('Request', element('a', row.request, { href: row.href })),
    cell('Time', element('time', row.time, { datetime: row.iso })),
    cell('Name', together(`${row.name} `, tag(row.surface))),
    cell('Client', element('bdi', row.client)),
    cell(
      'Status',
      together(element('span', row.status, { class: 'status' }), ...(row.fault ? [' ', tag(row.fault)] : [])),
    ),
    cell('Took', row.duration),
  )
  return made
}

function watch(live) {
  const rows = document.querySelector('.exchanges tbody')
  const source = new EventSource(live.dataset.live)
  source.addEventListener('open', () => {
    live.textContent = '· Live: new ones appear by themselves.'
  })
  source.addEventListener('error', () => {
    live.textContent = '· Not live: the connection ended.'
  })
  source.addEventListener('message', ({ data }) => {
    const row = JSON.parse(data)
    if (rows.querySelector(`a[href="${row.href}"]`)) return
    document.querySelector('.nothing')?.remove()
    rows.prepend(rowOf(row))
    while (rows.rows.length > maxRows) rows.lastElementChild.remove()
  })
  addEventListener('pagehide', () => source.close())
}

const live = document.querySelector('[data-live]')
if (live) watch(live)
