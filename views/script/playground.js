// The playground's page: countdowns on the workspace's clock, copying, and the device's polls. Without it the page works as well.

const clock = document.querySelector('#time')
const [startedAt, frozen] = [Number(clock.dataset.now), clock.dataset.frozen === 'yes']
const loadedAt = performance.now()
const now = () => (frozen ? startedAt : startedAt + performance.now() - loadedAt)

const two = (number) => String(number).padStart(2, '0')

/** As a person reads what is left: `4:59`, `1:04:59`, or that nothing is. */
function left(milliseconds) {
  if (milliseconds <= 0) return 'expired'
  const seconds = Math.ceil(milliseconds / 1000)
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)} left`
}

function tick() {
  for (const countdown of document.querySelectorAll('[data-ends]')) {
    countdown.textContent = left(Number(countdown.dataset.ends) - now())
    countdown.hidden = false
  }
  const face = clock.querySelector('.clock')
  if (!frozen) face.textContent = `${new Date(now()).toISOString().slice(11, 19)} UTC`
}
tick()
setInterval(tick, 1000)

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.dataset.copy)
    button.textContent = 'Copied'
    setTimeout(() => {
      button.textContent = 'Copy'
    }, 2000)
  })
}

/** Polls as the device does, no faster than it was told (RFC 8628 §3.5); the page is loaded again once there is something new. */
function poll(form) {
  const told = form.closest('article').querySelector('[data-polled]')
  let [seconds, polls] = [Number(form.dataset.poll), 0]
  const once = async () => {
    const answer = await fetch(form.action, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(new FormData(form)),
    })
    const { kind, intervalSeconds } = answer.ok ? await answer.json() : {}
    if (kind !== 'device') return location.reload()
    seconds = intervalSeconds
    polls += 1
    if (polls === 1) told.textContent = 'Checks by itself. The device was told that you have not decided yet.'
    return wait()
  }
  const wait = () => setTimeout(() => once().catch(wait), seconds * 1000)
  wait()
}
for (const form of document.querySelectorAll('[data-poll]')) poll(form)

// From the browser's memory of pages the clock would be that of another time.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})
