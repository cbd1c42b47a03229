import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../support/free-port.ts'
import { type ServerProcess, startProgram } from '../server-process.ts'

/** nginx with one worker, which passes everything on over kept connections. @param directory for its files */
export async function startNginx(directory: string, origin: string): Promise<ServerProcess> {
  const port = await freePort()
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  for (const name of [...places, 'logs']) mkdirSync(join(directory, name))
  const configuration = join(directory, 'nginx.conf')
  writeFileSync(
    configuration,
    `daemon off; master_process off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  ${places.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
  upstream behind { server ${new URL(origin).host}; keepalive 128; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    location / { proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
  )
  const url = `http://127.0.0.1:${port}`
  const server = startProgram(['nginx', '-p', directory, '-c', configuration])
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const answered = await fetch(url).catch(() => undefined)
    if (answered) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { ...server, ready: { url } }
}
