// CloudEvents' own package for Node against a server of examples/quickstart: events in both
// modes, and what is no event.
//
//     node cloudevents.mjs 127.0.0.1:8080
import assert from 'node:assert/strict'
import { CloudEvent, HTTP } from 'cloudevents'

const url = `http://${process.argv[2]}/v1/models/iris:predict`
const asked = { instances: [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]] }
let passed = 0

const event = (more) => new CloudEvent({ id: '7', source: '/a', type: 'rows', subject: 'some', extension: 'x', datacontenttype: 'application/json', data: asked, ...more })

async function send ({ headers, body }) {
  const r = await fetch(url, { method: 'POST', headers, body })
  return { status: r.status, headers: Object.fromEntries(r.headers), body: await r.text() }
}

async function answered (what, message, type) {
  const r = await send(message)
  assert.equal(r.status, 200, `${what}: ${r.body}`)
  assert.equal(r.headers['content-type'], type, what)
  const got = HTTP.toEvent(r)
  assert.ok(got.validate(), what)
  assert.deepEqual([got.type, got.source, got.data], ['io.kserve.inference.response', 'io.kserve.inference.iris', { predictions: [0, 2] }], what)
  assert.ok(got.id !== '7' && got.time && !('extension' in got) && got.subject === undefined, what)
  passed++
}

const structured = HTTP.structured(event({ subject: 'grün €' }))
await answered('binary', HTTP.binary(event()), 'application/json')
await answered('structured', structured, 'application/cloudevents+json')
const bytes = event({ datacontenttype: 'application/octet-stream', data: Buffer.from(JSON.stringify(asked)) })
await answered('base64', HTTP.structured(bytes), 'application/cloudevents+json')
const batch = await send({ headers: { 'content-type': 'application/cloudevents-batch+json' }, body: `[${structured.body}]` })
assert.equal(batch.status, 415, batch.body)
console.log(`cloudevents for Node: ${passed + 1} checks`)
