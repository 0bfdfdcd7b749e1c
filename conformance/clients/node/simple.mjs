// Node against a server of Triton's own example repository: what the examples of generated
// clients show (src/grpc_generated of triton-inference-server/client): raw and typed
// tensors, texts, and a sequence in a stream.
//
//     node simple.mjs 127.0.0.1:8081 proto
import assert from 'node:assert/strict'
import { promisify } from 'node:util'
import grpc from '@grpc/grpc-js'
import loader from '@grpc/proto-loader'

const [at, protos] = process.argv.slice(2)
let passed = 0

function check (what, got, want) {
  assert.deepEqual(got, want, `node, Triton's models: ${what}`)
  passed++
}

const pkg = grpc.loadPackageDefinition(loader.loadSync('inference/inference.proto', { includeDirs: [protos], keepCase: true, longs: Number }))
const c = new pkg.inference.GRPCInferenceService(at, grpc.credentials.createInsecure())
const call = (name, message) => promisify((cb) => c[name](message, cb))()

const a = Array.from({ length: 16 }, (_, i) => i)
const ones = a.map(() => 1)
const sums = a.map((v) => v + 1)
const differences = a.map((v) => v - 1)
const raw = (values) => Buffer.from(Int32Array.from(values).buffer)
const ints = (bytes) => [...new Int32Array(new Uint8Array(bytes).buffer)]
const inputs = (datatype, more) => ['INPUT0', 'INPUT1'].map((name, i) => ({ name, datatype, shape: [1, 16], ...more?.([a, ones][i]) }))

// texts reads elements that are each behind their length.
function texts (bytes) {
  const all = []
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32LE(at)) all.push(bytes.toString('utf8', at + 4, at + 4 + bytes.readUInt32LE(at)))
  return all
}

check('ready', (await call('ServerReady', {})).ready, true)
check('metadata', (await call('ModelMetadata', { name: 'simple' })).inputs.map((i) => i.name), ['INPUT0', 'INPUT1'])
let r = await call('ModelInfer', { model_name: 'simple', inputs: inputs('INT32'), outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT1' }], raw_input_contents: [raw(a), raw(ones)] })
check('raw', r.raw_output_contents.map(ints), [sums, differences])
r = await call('ModelInfer', { model_name: 'simple', inputs: inputs('INT32', (values) => ({ contents: { int_contents: values } })) })
check('typed is answered raw', r.raw_output_contents.map(ints), [sums, differences])
r = await call('ModelInfer', { model_name: 'simple_string', inputs: inputs('BYTES', (values) => ({ contents: { bytes_contents: values.map((v) => Buffer.from(String(v))) } })) })
check('texts', r.raw_output_contents.map(texts), [sums.map(String), differences.map(String)])

const stream = c.ModelStreamInfer()
const got = []
const end = new Promise((resolve, reject) => { stream.on('end', resolve); stream.on('error', reject) })
stream.on('data', (m) => got.push([m.error_message ?? '', m.infer_response.id, ints(m.infer_response.raw_output_contents[0])[0]]))
const values = [11, 7, 5, 3, 2, 0, 1]
values.forEach((v, i) => stream.write({
  model_name: 'simple_sequence',
  id: String(i),
  parameters: { sequence_id: { int64_param: 42 }, sequence_start: { bool_param: i === 0 }, sequence_end: { bool_param: i === values.length - 1 } },
  inputs: [{ name: 'INPUT', datatype: 'INT32', shape: [1, 1] }],
  raw_input_contents: [raw([v])]
}))
stream.end()
await end
check('a sequence', got, values.map((v, i) => ['', String(i), i === 0 ? v + 1 : v]))
c.close()
console.log(`Node, what generated clients show: ${passed} checks passed`)
