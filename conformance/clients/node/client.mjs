// Node against a server of examples/quickstart: fetch over HTTP, with JSON and with
// tensors as bytes, and @grpc/grpc-js with the project's proto, raw and typed contents,
// streams, deadlines and errors.
//
//     node client.mjs 127.0.0.1:8080 127.0.0.1:8081 proto
import assert from 'node:assert/strict'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import grpc from '@grpc/grpc-js'
import loader from '@grpc/proto-loader'

const [web, at, protos] = process.argv.slice(2)
const rows = new Float32Array([5.1, 3.5, 1.4, 0.2, 6.7, 3.0, 5.2, 2.3])
const labels = [0, 2]
let passed = 0

function check (what, got, want) {
  assert.deepEqual(got, want, `node: ${what}`)
  passed++
}

const url = (path) => `http://${web}${path}`

async function post (path, body, headers = {}) {
  const r = await fetch(url(path), { method: 'POST', body, headers })
  return { status: r.status, headers: r.headers, bytes: Buffer.from(await r.arrayBuffer()) }
}

const input = { name: 'measurements', datatype: 'FP32', shape: [2, 4] }

// outputs reads an answer: JSON, with bytes behind it where it has them.
function outputs (r) {
  const head = Number(r.headers.get('inference-header-content-length') ?? r.bytes.length)
  const doc = JSON.parse(r.bytes.subarray(0, head))
  let next = head
  for (const o of doc.outputs) {
    if (o.data) continue
    const raw = r.bytes.subarray(next, next + o.parameters.binary_data_size)
    next += raw.length
    const copy = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length)
    o.data = o.datatype === 'INT64' ? [...new BigInt64Array(copy)].map(Number) : [...new Float32Array(copy)]
  }
  assert.equal(next, r.bytes.length)
  return Object.fromEntries(doc.outputs.map((o) => [o.name, o]))
}

async function overHTTP () {
  check('live', (await fetch(url('/v2/health/live'))).status, 200)
  const about = await (await fetch(url('/v2'))).json()
  check('about', [about.name, about.extensions.includes('binary_tensor_data')], ['leat', true])
  check('metadata', (await (await fetch(url('/v2/models/iris'))).json()).inputs, [{ name: 'measurements', datatype: 'FP32', shape: [-1, 4] }])

  const asJSON = JSON.stringify({ id: 'é', inputs: [{ ...input, data: [...rows] }] })
  let r = await post('/v2/models/iris/infer', asJSON)
  check('JSON', [r.status, outputs(r).label.data], [200, labels])
  check('id', JSON.parse(r.bytes).id, 'é')
  const probabilities = outputs(r).probabilities.data

  const head = Buffer.from(JSON.stringify({
    parameters: { binary_data_output: true },
    inputs: [{ ...input, parameters: { binary_data_size: rows.byteLength } }]
  }))
  const body = Buffer.concat([head, Buffer.from(rows.buffer)])
  const length = { 'inference-header-content-length': String(head.length) }
  r = await post('/v2/models/iris/infer', body, length)
  check('bytes', [r.status, r.headers.get('content-type'), outputs(r).label.data], [200, 'application/octet-stream', labels])
  check('the same numbers', outputs(r).probabilities.data.map(Math.fround), probabilities.map(Math.fround))
  r = await post('/v2/models/iris/infer', gzipSync(body), { ...length, 'content-encoding': 'gzip' })
  check('compressed bytes', outputs(r).label.data, labels)
  r = await (async () => {
    const s = await fetch(url('/v2/models/iris/infer'), {
      method: 'POST', duplex: 'half', headers: length,
      body: new ReadableStream({ start (c) { c.enqueue(body.subarray(0, 7)); c.enqueue(body.subarray(7)); c.close() } })
    })
    return { status: s.status, headers: s.headers, bytes: Buffer.from(await s.arrayBuffer()) }
  })()
  check('chunked bytes', outputs(r).label.data, labels)
  r = await post('/v2/models/iris/infer', JSON.stringify({ inputs: [[5.1, 3.5, 1.4, 0.2]] }))
  check('rows', JSON.parse(r.bytes).outputs.length, 1)
  r = await post('/v2/models/nobody/infer', asJSON)
  check('an unknown model', [r.status, typeof JSON.parse(r.bytes).error], [404, 'string'])
  r = await post('/v2/models/iris/infer', body.subarray(0, body.length - 1), length)
  check('bytes that are missing', [r.status, typeof JSON.parse(r.bytes).error], [400, 'string'])
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => post('/v2/models/iris/infer', asJSON.replace('é', String(i)))))
  check('fifty at a time', many.map((m) => JSON.parse(m.bytes).id), Array.from({ length: 50 }, (_, i) => String(i)))
}

async function overGRPC () {
  const pkg = grpc.loadPackageDefinition(loader.loadSync('inference/inference.proto', { includeDirs: [protos], keepCase: true, longs: Number }))
  const c = new pkg.inference.GRPCInferenceService(at, grpc.credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 })
  const call = (name, message, options = {}) => promisify((cb) => c[name](message, options, cb))()
  check('ready', (await call('ServerReady', {})).ready, true)
  check('model metadata', (await call('ModelMetadata', { name: 'iris' })).inputs[0].name, 'measurements')

  const raw = { model_name: 'iris', id: '7', inputs: [input], raw_input_contents: [Buffer.from(rows.buffer)] }
  let r = await call('ModelInfer', raw)
  check('raw', [r.id, r.model_name, [...new BigInt64Array(new Uint8Array(r.raw_output_contents[0]).buffer)].map(Number)], ['7', 'iris', labels])
  const typed = { model_name: 'iris', inputs: [{ ...input, contents: { fp32_contents: [...rows] } }] }
  r = await call('ModelInfer', typed)
  check('typed', r.outputs[0].contents.int64_contents, labels)
  check('no raw contents', r.raw_output_contents ?? [], [])
  const n = 400_000
  const large = Buffer.concat(Array(n / 2).fill(Buffer.from(rows.buffer)))
  r = await call('ModelInfer', { model_name: 'iris', inputs: [{ ...input, shape: [n, 4] }], raw_input_contents: [large] })
  check('a large tensor', r.raw_output_contents[0].length, 8 * n)

  const failure = await call('ModelInfer', { ...typed, model_name: 'nobody' }).catch((e) => e)
  check('an unknown model', failure.code, grpc.status.NOT_FOUND)
  const late = await call('ModelInfer', typed, { deadline: Date.now() - 1 }).catch((e) => e)
  check('a deadline that has passed', late.code, grpc.status.DEADLINE_EXCEEDED)

  const stream = c.ModelStreamInfer()
  const got = []
  const end = new Promise((resolve, reject) => { stream.on('end', resolve); stream.on('error', reject) })
  stream.on('data', (m) => got.push(m.error_message ? 'error' : m.infer_response.id))
  for (const [id, model] of [['a', 'iris'], ['b', 'nobody'], ['c', 'iris']]) stream.write({ ...typed, id, model_name: model })
  stream.end()
  await end
  check('a stream', got, ['a', 'error', 'c'])
  c.close()
}

await overHTTP()
await overGRPC()
console.log(`Node, fetch and grpc-js: ${passed} checks passed`)
